import { assertShape } from '@pixcon/core';
import { l2Normalize, stopGradient, weightedMean } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';

/**
 * PixPro's consistency of one direction: cells of one view, smoothed by pixel propagation, agree with all cells of the
 * other that they are paired with. Per image the mean cosine over its pairs, then the mean over images, times −2:
 *
 *     −2 · mean_b [ Σ_ij A_ij cos(y_i, x_j) / (Σ_ij A_ij + 1e-6) ]
 *
 * An image without pairs adds 0. No negatives: features that tell nothing give 0, and both directions together can
 * reach −4. Gradients flow to prediction and target, not to the pairs; wrap the target in `stopGradient` where it has a
 * path.
 *
 * @param prediction `[batch, cells, dim]`, of any length
 * @param target `[batch, other cells, dim]`, of any length
 * @param pairs `[batch, cells, other cells]`, not negative: 1 for a pair, 0 for none, as `distancePairs` gives them
 * @returns a scalar between −2 and 2, which the caller disposes
 * @throws PixconError `invalid-shape`
 * @see Xie et al. 2021, PixPro, arXiv:2011.10043; the authors' `regression_loss`
 *
 * @example
 * const cells = tf.randomNormal<tf.Rank.R3>([2, 49, 256]);
 * pixelConsistency(cells, cells, tf.tile(tf.reshape(tf.eye(49), [1, 49, 49]), [2, 1, 1])); // => −2
 */
export function pixelConsistency(
  prediction: tf.Tensor3D,
  target: tf.Tensor3D,
  pairs: tf.Tensor3D,
): tf.Scalar {
  assertShape('pixelConsistency', 'prediction', prediction, [null, null, null]);
  const [batch, cells, dim] = prediction.shape;
  assertShape('pixelConsistency', 'target', target, [batch, null, dim]);
  assertShape('pixelConsistency', 'pairs', pairs, [batch, cells, target.shape[1]]);
  return tf.tidy(() => {
    const constant = stopGradient(pairs);
    const share = tf.div<tf.Tensor3D>(constant, tf.add(tf.sum(constant, [1, 2], true), 1e-6));
    const paired = tf.matMul(stopGradient(share), l2Normalize(target));
    // The mean of the entries, times their number in an image, is the mean over images of their sum.
    const mean = weightedMean(tf.mul(l2Normalize(prediction), paired));
    return tf.mul<tf.Scalar>(mean, -2 * cells * dim);
  });
}
