import { expect, it } from 'vitest';
import { constant } from './constant.ts';

it('constant gives its value at every step, and refuses what is no number', () => {
  expect([0, 1, 1e9].map(constant(0.3))).toEqual([0.3, 0.3, 0.3]);
  expect(() => constant(Number.NaN)).toThrow('constant: value must be a number, got NaN');
});
