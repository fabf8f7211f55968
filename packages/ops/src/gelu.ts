import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.ts';

/**
 * x · Φ(x) of every element, Φ the normal distribution function (`torch.nn.GELU()`, the exact form; Hendrycks and
 * Gimpel 2016).
 *
 * @example
 * gelu(tf.tensor1d([-1, 0, 1])); // => [-0.1587, 0, 0.8413]
 */
export function gelu<T extends tf.Tensor>(x: T): T {
  return differentiable<T, 'x'>(
    { x },
    (save) => {
      save(x);
      return tf.mul<T>(x, normalDistribution(x));
    },
    (dy, [saved]) => ({
      x: () => {
        const value = saved as T;
        const density = tf.mul(tf.exp(tf.mul(tf.square(value), -0.5)), 1 / Math.sqrt(2 * Math.PI));
        return tf.mul(dy, tf.add(normalDistribution(value), tf.mul(value, density)));
      },
    }),
  );
}

function normalDistribution(x: tf.Tensor): tf.Tensor {
  return tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
}
