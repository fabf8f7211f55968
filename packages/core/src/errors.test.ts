import { describe, expect, it } from 'vitest';
import { PixconError } from './errors.ts';

describe('PixconError', () => {
  it('carries its code, its message and its cause', () => {
    const cause = new Error('disk');
    const error = new PixconError('data', 'imageFolder: cannot read a.jpg', { cause });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: 'PixconError',
      code: 'data',
      message: 'imageFolder: cannot read a.jpg',
    });
    expect(error.cause).toBe(cause);
    expect(String(error)).toBe('PixconError: imageFolder: cannot read a.jpg');
  });

  it('is told apart from everything else, also when it comes from another copy of the package', () => {
    expect(PixconError.isInstance(new PixconError('data', 'x'))).toBe(true);
    const fromElsewhere = Object.assign(new Error('x'), { [Symbol.for('pixcon.error')]: true, code: 'data' });
    expect(PixconError.isInstance(fromElsewhere)).toBe(true);
    for (const other of [new Error('x'), { code: 'data' }, null, undefined, 'PixconError', 1]) {
      expect(PixconError.isInstance(other)).toBe(false);
    }
  });
});
