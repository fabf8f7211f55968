import { assertShape } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { negativeCosine } from './negative-cosine.ts';

/**
 * The regression loss of BYOL (Grill et al. 2020, equation 2): the mean over rows of
 * ‖p/‖p‖ − t/‖t‖‖² = 2 − 2 cos(p, t): twice `negativeCosine`, plus 2.
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
  return tf.tidy(() => tf.add(tf.mul(negativeCosine(prediction, target), 2), 2) as tf.Scalar);
}
