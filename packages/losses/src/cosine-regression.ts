import { assertShape } from '@pixcon/core';
import { l2Normalize, weightedMean } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';

/**
 * The regression loss of BYOL (Grill et al. 2020, equation 2): the mean over rows of
 * ‖p/‖p‖ − t/‖t‖‖² = 2 − 2 cos(p, t). SimSiam's −cos is half of it, less 1.
 * Gradients flow to both; wrap the target in `stopGradient` where it has a path.
 *
 * @param prediction `[n, dim]`
 * @param target `[n, dim]`
 * @returns a scalar between 0 and 4, which the caller disposes
 * @throws PixconError `invalid-shape`
 *
 * @example
 * cosineRegression(tf.tensor2d([[1, 0]]), tf.tensor2d([[0, 3]])); // => 2
 */
export function cosineRegression(prediction: tf.Tensor2D, target: tf.Tensor2D): tf.Scalar {
  assertShape('cosineRegression', 'prediction', prediction, [null, null]);
  assertShape('cosineRegression', 'target', target, prediction.shape);
  return tf.tidy(() => {
    // The mean of the entries of a product, times dim, is the mean cosine.
    const cosine = weightedMean(tf.mul(l2Normalize(prediction), l2Normalize(target)));
    return tf.add(tf.mul(cosine, -2 * (prediction.shape[1] as number)), 2);
  });
}
