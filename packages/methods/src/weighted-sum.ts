import * as tf from '@tensorflow/tfjs-core';

/** weight · Σ values, for a handful of loss terms. */
export function weightedSum(values: readonly tf.Scalar[], weight = 1): tf.Scalar {
  return tf.tidy(() => {
    const sum = values.reduce((left, right) => tf.add(left, right));
    return tf.mul(sum, weight) as tf.Scalar;
  });
}
