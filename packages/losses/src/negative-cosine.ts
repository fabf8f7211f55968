import { assertShape } from '@pixcon/core';
import { l2Normalize, weightedMean } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';

/**
 * The loss of SimSiam (Chen and He 2021, equation 1): the mean over rows of −cos(p, t). Gradients flow to both; wrap
 * the target in `stopGradient`, without which the features collapse. A zero row has a cosine of 0.
 *
 * @param prediction `[n, dim]`
 * @param target `[n, dim]`
 * @returns a scalar between −1 and 1, which the caller disposes
 * @throws PixconError `invalid-shape`
 *
 * @example
 * negativeCosine(tf.tensor2d([[2, 0]]), tf.tensor2d([[3, 0]])); // => -1
 */
export function negativeCosine(prediction: tf.Tensor2D, target: tf.Tensor2D): tf.Scalar {
  assertShape('negativeCosine', 'prediction', prediction, [null, null]);
  assertShape('negativeCosine', 'target', target, prediction.shape);
  return tf.tidy(() => {
    // The mean of the entries of a product, times dim, is the mean cosine.
    const products = weightedMean(tf.mul(l2Normalize(prediction), l2Normalize(target)));
    return tf.mul(products, -(prediction.shape[1] as number)) as tf.Scalar;
  });
}
