import { assertNumber, assertShape } from '@pixcon/core';
import type * as tf from '@tensorflow/tfjs-core';
import { kernels } from './kernels/kernels.ts';
import type { TargetUpdate } from './kernels/types.ts';

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
  exponentialMovingAverages([{ target, online }], momentum);
}

/**
 * {@link exponentialMovingAverage} of many different targets, which a backend may move all at once.
 *
 * @throws PixconError `invalid-shape`, `invalid-argument`, before anything has moved
 *
 * @example
 * exponentialMovingAverages([{ target: target.get(name), online: online.get(name) }], 0.99);
 */
export function exponentialMovingAverages(updates: readonly TargetUpdate[], momentum: number): void {
  for (const { target, online } of updates)
    assertShape('exponentialMovingAverage', 'online', online, target.shape);
  assertNumber('exponentialMovingAverage', 'momentum', momentum, { minimum: 0, maximum: 1 });
  // A target that is its own online parameter stays.
  const moving = updates.filter(({ target, online }) => target !== online);
  if (momentum === 1 || moving.length === 0) return;
  const table = kernels();
  if (table.moveAllTowards) table.moveAllTowards(moving, momentum);
  else for (const { target, online } of moving) table.moveTowards(target, online, momentum);
}
