import { assertShape } from '@pixcon/core';
import { l2Normalize } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';

/**
 * How far apart features lie: the standard deviation over the rows (n − 1 in the denominator, as `torch.std`) of
 * the L2-normalised features, averaged over the dimensions, times √dim. Near 1 when they spread over the sphere,
 * 0 when they have collapsed to a point (Chen and He 2021, figure 2, which shows it before the factor √dim).
 * A constant: it is for the log, and leaves nothing on the tape.
 *
 * @param features `[n, dim]`; of any length, except that zero rows count as points at the origin
 * @returns a scalar, which the caller disposes; 0 for a single row
 * @throws PixconError `invalid-shape`
 *
 * @example
 * featureDeviation(tf.ones([8, 16])); // => 0
 */
export function featureDeviation(features: tf.Tensor2D): tf.Scalar {
  assertShape('featureDeviation', 'features', features, [null, null]);
  const [rows, dim] = features.shape;
  const measure = () => {
    const unit = l2Normalize(features);
    const centred = tf.sub(unit, tf.mean(unit, 0, true));
    const variance = tf.div(tf.sum(tf.square(centred), 0), Math.max(1, rows - 1));
    return tf.mul(tf.mean(tf.sqrt(variance)), Math.sqrt(dim));
  };
  return tf.customGrad(() => ({ value: measure(), gradFunc: () => [] }))() as tf.Scalar;
}
