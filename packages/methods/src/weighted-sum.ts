import * as tf from '@tensorflow/tfjs-core';

/** weight · Σ values, for a handful of loss terms. */
export function weightedSum(values: readonly tf.Scalar[], weight = 1): tf.Scalar {
  return tf.tidy(() => {
    const sum = values.length === 1 ? (values[0] as tf.Scalar) : tf.addN([...values]);
    return tf.mul(sum, weight) as tf.Scalar;
  });
}
