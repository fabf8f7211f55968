import { assertNumber } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.ts';
import { kernels } from './kernels/kernels.ts';

/**
 * Scales every vector along the last axis to length 1: y = x / max(‖x‖₂, ε).
 * `torch.nn.functional.normalize(x, dim=-1)`, values and gradient: vectors shorter than ε are divided by ε.
 *
 * @param epsilon above 0; 1e-12 by default
 * @returns a tensor of the same shape, which the caller disposes
 * @throws PixconError `invalid-argument`
 *
 * @example
 * l2Normalize(tf.tensor2d([[3, 4], [0, 0]])); // => [[0.6, 0.8], [0, 0]]
 */
export function l2Normalize<T extends tf.Tensor>(x: T, epsilon = 1e-12): T {
  assertNumber('l2Normalize', 'epsilon', epsilon, { minimum: 0, exclusiveMinimum: true });
  const dim = x.shape[x.rank - 1] ?? 1;
  const rows = (tensor: tf.Tensor): tf.Tensor2D =>
    tf.reshape<tf.Rank.R2>(tensor, [dim === 0 ? 0 : x.size / dim, dim]);
  return differentiable<T, 'x'>(
    { x },
    (save) => {
      const { y, norm } = kernels().unitRows(rows(x), epsilon);
      save(y, norm);
      return tf.reshape(y, x.shape) as T;
    },
    (dy, saved) => ({
      x: () => {
        const [y, norm] = saved as [tf.Tensor2D, tf.Tensor2D];
        return tf.reshape(kernels().unitRowsGradient(rows(dy), y, norm, epsilon), x.shape);
      },
    }),
  );
}
