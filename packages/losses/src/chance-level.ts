import { assertNumber } from '@pixcon/core';

/**
 * The InfoNCE loss of features that tell nothing, when every key is as likely as the positive: ln(1 + K).
 * A loss that stays here has not begun to learn; one far above it at the start is a mistake somewhere.
 *
 * @param queueLength K, at least 1
 * @throws PixconError `invalid-argument`
 *
 * @example
 * chanceLevel(65_536); // => 11.09
 */
export function chanceLevel(queueLength: number): number {
  assertNumber('chanceLevel', 'queueLength', queueLength, { minimum: 1, integer: true });
  return Math.log1p(queueLength);
}
