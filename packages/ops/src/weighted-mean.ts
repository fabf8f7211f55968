import { assertShape } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * The weighted mean of all values, Σ wᵢvᵢ / Σ wᵢ; the plain mean without weights. Where the weights add up to 0
 * it is 0, with a gradient of zero, rather than NaN.
 *
 * @param values of any shape
 * @param weights of the same shape, not negative; constants, they get no gradient
 * @returns a scalar, which the caller disposes
 * @throws PixconError `invalid-shape` when the shapes differ
 *
 * @example
 * weightedMean(tf.tensor1d([1, 5]), tf.tensor1d([3, 1])); // => 2
 */
export function weightedMean(values: tf.Tensor, weights?: tf.Tensor): tf.Scalar {
  if (weights) assertShape('weightedMean', 'weights', weights, values.shape);
  return tf.customGrad((input, save) => {
    const flat = input as tf.Tensor;
    const share = weights ? shares(weights) : tf.fill(values.shape, 1 / Math.max(1, values.size));
    (save as tf.GradSaveFunc)([share]);
    return {
      value: tf.sum(tf.mul(flat, share)),
      gradFunc: (dy, saved) => tf.mul(dy, saved[0] as tf.Tensor),
    };
  })(values) as tf.Scalar;
}

/** w / Σw, and zeros where Σw is 0. */
function shares(weights: tf.Tensor): tf.Tensor {
  const total = tf.sum(weights);
  return tf.div(weights, tf.add(total, tf.cast(tf.equal(total, 0), 'float32')));
}
