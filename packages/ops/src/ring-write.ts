import { assertNumber, assertShape } from '@pixcon/core';
import type * as tf from '@tensorflow/tfjs-core';
import { kernels } from './kernels/kernels.ts';

/**
 * Writes rows into a ring in place: row i goes to position (pointer + i) mod length. Not differentiable.
 *
 * @param ring `[length, dim]`
 * @param rows `[count, dim]`, count ≤ length; stays the caller's
 * @param pointer where the first row goes, 0 … length − 1
 * @throws PixconError `invalid-shape`, `invalid-argument`
 *
 * @example
 * const ring = tf.variable(tf.zeros([3, 1]));
 * ringWrite(ring, tf.tensor2d([[1], [2]]), 2); // ring is now [[2], [0], [1]]
 */
export function ringWrite(ring: tf.Variable, rows: tf.Tensor2D, pointer: number): void {
  assertShape('ringWrite', 'ring', ring, [null, null]);
  const [length, dim] = ring.shape as [number, number];
  assertShape('ringWrite', 'rows', rows, [null, dim]);
  const count = rows.shape[0];
  assertNumber('ringWrite', 'the number of rows', count, { maximum: length });
  assertNumber('ringWrite', 'pointer', pointer, { minimum: 0, maximum: length - 1, integer: true });
  if (count === 0) return;
  kernels().ringWrite(ring, rows, pointer);
}
