import { PixconError } from '@pixcon/core';
import type { Spread } from './measurement.ts';

/**
 * The middle value; of an even count, the mean of the two in the middle.
 *
 * @throws PixconError `invalid-argument` for an empty list
 * @example
 * median([3, 1, 2]); // => 2
 */
export function median(values: readonly number[]): number {
  if (values.length === 0)
    throw new PixconError('invalid-argument', 'median: expected at least one value, got none');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/** The least and the largest of at least one value. */
export function spreadOf(values: readonly number[]): Spread {
  return { minimum: Math.min(...values), maximum: Math.max(...values) };
}
