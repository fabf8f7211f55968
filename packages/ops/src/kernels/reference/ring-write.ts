import * as tf from '@tensorflow/tfjs-core';
import type { Kernels } from '../types.ts';

/** A new ring out of the parts that stay and those that are new. */
export const ringWrite: Kernels['ringWrite'] = (ring, rows, pointer) => {
  tf.tidy(() => {
    const old = ring as unknown as tf.Tensor2D;
    const [length] = old.shape;
    const [count, dim] = rows.shape;
    const end = pointer + count;
    const wrapped = Math.max(0, end - length);
    const parts: tf.Tensor2D[] = [];
    if (wrapped > 0) parts.push(tf.slice(rows, [count - wrapped, 0], [wrapped, dim]));
    if (pointer > wrapped) parts.push(tf.slice(old, [wrapped, 0], [pointer - wrapped, dim]));
    parts.push(wrapped > 0 ? tf.slice(rows, [0, 0], [count - wrapped, dim]) : rows);
    if (end < length) parts.push(tf.slice(old, [end, 0], [length - end, dim]));
    ring.assign(tf.concat(parts, 0));
  });
};
