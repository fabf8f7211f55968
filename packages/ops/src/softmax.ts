import { assertNumber } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.ts';

export interface SoftmaxOptions {
  /** τ, above 0: what the values are divided by first; 1 by default. */
  readonly temperature?: number;
}

/**
 * exp(xᵢ / τ) / Σⱼ exp(xⱼ / τ) along the last axis (`torch.softmax(x / τ, dim=-1)`).
 *
 * @returns a tensor of the same shape, which the caller disposes
 * @throws PixconError `invalid-argument`
 *
 * @example
 * softmax(tf.tensor2d([[0, 0], [0, Math.log(3)]])); // => [[0.5, 0.5], [0.25, 0.75]]
 */
export function softmax<T extends tf.Tensor>(x: T, options: SoftmaxOptions = {}): T {
  const { temperature = 1 } = options;
  assertNumber('softmax', 'temperature', temperature, { minimum: 0, exclusiveMinimum: true });
  return differentiable<T, 'x'>(
    { x },
    (save) => {
      const y = tf.softmax<T>(tf.div<T>(x, temperature));
      save(y);
      return y;
    },
    (dy, [saved]) => ({
      x: () => {
        const y = saved as T;
        const along = tf.sum(tf.mul(dy, y), -1, true);
        return tf.mul(tf.div(y, temperature), tf.sub(dy, along));
      },
    }),
  );
}
