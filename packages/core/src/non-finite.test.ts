import { expect, it } from 'vitest';
import { describeNonFinite } from './non-finite.ts';

it.each([
  [[], undefined],
  [[0, -1, 3.4e38], undefined],
  [[1, Number.NaN, Number.NaN], '2 NaN of 3 values (the first at 1)'],
  [Float32Array.of(-Infinity), '1 infinite of 1 values (the first at 0)'],
  [[1, Infinity, Number.NaN], '1 NaN and 1 infinite of 3 values (the first at 1)'],
])('describeNonFinite of %j', (values, text) => expect(describeNonFinite(values)).toBe(text));
