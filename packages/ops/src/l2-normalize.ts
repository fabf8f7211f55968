import { assertNumber } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';

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
  return tf.customGrad((input, save) => {
    const vector = input as tf.Tensor;
    const length = tf.sqrt(tf.sum(tf.square(vector), -1, true));
    const value = tf.div(vector, tf.maximum(length, epsilon));
    (save as tf.GradSaveFunc)([value, length]);
    return { value, gradFunc: (dy, saved) => gradient(dy, saved, epsilon) };
  })(x) as T;
}

/** dx = (dy − y · ⟨dy, y⟩) / ‖x‖ above ε, and dy / ε below it. */
function gradient(dy: tf.Tensor, saved: tf.Tensor[], epsilon: number): tf.Tensor {
  return tf.tidy(() => {
    const [y, length] = saved as [tf.Tensor, tf.Tensor];
    const along = tf.mul(tf.sum(tf.mul(dy, y), -1, true), tf.cast(tf.greater(length, epsilon), 'float32'));
    return tf.div(tf.sub(dy, tf.mul(y, along)), tf.maximum(length, epsilon));
  });
}
