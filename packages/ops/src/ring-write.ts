import { assertNumber, assertShape } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';

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
  tf.tidy(() => {
    const old = ring as unknown as tf.Tensor2D;
    const end = pointer + count;
    const wrapped = Math.max(0, end - length);
    const parts: tf.Tensor2D[] = [];
    if (wrapped > 0) parts.push(tf.slice(rows, [count - wrapped, 0], [wrapped, dim]));
    if (pointer > wrapped) parts.push(tf.slice(old, [wrapped, 0], [pointer - wrapped, dim]));
    parts.push(wrapped > 0 ? tf.slice(rows, [0, 0], [count - wrapped, dim]) : rows);
    if (end < length) parts.push(tf.slice(old, [end, 0], [length - end, dim]));
    ring.assign(tf.concat(parts, 0));
  });
}
