import { describe, expect, it } from 'vitest';
import { PixconError } from './errors.ts';
import { assertNumber, assertOneOf, assertShape, type NumberRange } from './validate.ts';

function thrownBy(run: () => void): PixconError {
  try {
    run();
  } catch (error) {
    if (PixconError.isInstance(error)) return error;
    throw error;
  }
  throw new Error('expected it to throw');
}

describe('assertShape', () => {
  it('takes the right shape, with any size for null', () => {
    assertShape('f', 'x', { shape: [2, 3] }, [2, 3]);
    assertShape('f', 'x', { shape: [2, 3] }, [null, 3]);
    assertShape('f', 'x', { shape: [] }, []);
    assertShape('f', 'x', { shape: [0, 3] }, [0, null]);
  });

  it.each([
    [
      [2, 3],
      [3, 2],
    ],
    [[2, 3], [2]],
    [[2], [2, null]],
    [[], [null]],
    [[1], []],
  ])('refuses %j for %j', (shape, expected) => {
    expect(thrownBy(() => assertShape('f', 'x', { shape }, expected)).code).toBe('invalid-shape');
  });

  it('names the function, the argument, what it wanted and what came', () => {
    const { message } = thrownBy(() => assertShape('infoNce', 'query', { shape: [4, 5, 6] }, [null, 128]));
    expect(message).toBe('infoNce: query must have shape [any, 128], got [4, 5, 6]');
  });
});

describe('assertNumber', () => {
  const fine: [number, NumberRange][] = [
    [-3.5, {}],
    [0, { minimum: 0 }],
    [1, { maximum: 1 }],
    [1e-9, { minimum: 0, exclusiveMinimum: true }],
    [7, { integer: true, minimum: 1, maximum: 7 }],
  ];
  it.each(fine)('takes %d for %j', (value, range) => assertNumber('f', 'x', value, range));

  const bad: [number, NumberRange, string][] = [
    [Number.NaN, {}, 'f: x must be a number, got NaN'],
    [Infinity, { minimum: 0 }, 'f: x must be a number of at least 0, got Infinity'],
    [-1, { minimum: 0 }, 'f: x must be a number of at least 0, got -1'],
    [0, { minimum: 0, exclusiveMinimum: true }, 'f: x must be a number above 0, got 0'],
    [2, { maximum: 1 }, 'f: x must be a number of at most 1, got 2'],
    [
      1.5,
      { integer: true, minimum: 1, maximum: 3 },
      'f: x must be a whole number of at least 1 and at most 3, got 1.5',
    ],
  ];
  it.each(bad)('refuses %d for %j', (value, range, message) => {
    const error = thrownBy(() => assertNumber('f', 'x', value, range));
    expect(error).toMatchObject({ code: 'invalid-argument', message });
  });

  it('refuses what is no number at all', () => {
    expect(thrownBy(() => assertNumber('f', 'x', '3' as unknown as number)).message).toContain('got 3');
    expect(thrownBy(() => assertNumber('f', 'x', undefined as unknown as number)).message).toContain(
      'undefined',
    );
  });
});

describe('assertOneOf', () => {
  it('takes a choice and refuses the rest', () => {
    assertOneOf('f', 'mode', 'a', ['a', 'b']);
    const error = thrownBy(() => assertOneOf('f', 'mode', 'c', ['a', 'b']));
    expect(error).toMatchObject({ code: 'invalid-argument', message: 'f: mode must be one of a, b, got c' });
    expect(thrownBy(() => assertOneOf('f', 'mode', undefined, [1, 2])).message).toContain('got undefined');
  });
});
