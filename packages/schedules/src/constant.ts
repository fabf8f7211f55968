import { assertNumber, type Schedule } from '@pixcon/core';

/**
 * The same value at every step.
 *
 * @throws PixconError `invalid-argument` unless `value` is finite
 *
 * @example
 * constant(0.99)(1000); // => 0.99
 */
export function constant(value: number): Schedule {
  assertNumber('constant', 'value', value);
  return () => value;
}
