import { assertNumber, assertShape } from '@pixcon/core';
import type * as tf from '@tensorflow/tfjs-core';
import { kernels } from './kernels/kernels.ts';

/**
 * Moves the target towards the online parameter in place: target ← momentum · target + (1 − momentum) · online.
 *
 * @param online of the same shape; stays the caller's
 * @param momentum 0 (copy) … 1 (keep)
 * @throws PixconError `invalid-shape`, `invalid-argument`
 *
 * @example
 * exponentialMovingAverage(target.get(name), online.get(name), 0.99);
 */
export function exponentialMovingAverage(target: tf.Variable, online: tf.Tensor, momentum: number): void {
  assertShape('exponentialMovingAverage', 'online', online, target.shape);
  assertNumber('exponentialMovingAverage', 'momentum', momentum, { minimum: 0, maximum: 1 });
  if (momentum === 1) return;
  kernels().moveTowards(target, online, momentum);
}
