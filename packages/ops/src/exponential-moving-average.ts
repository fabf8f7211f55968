import { assertNumber, assertShape } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';

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
  tf.tidy(() => target.assign(tf.add(tf.mul(target, momentum), tf.mul(online, 1 - momentum))));
}
