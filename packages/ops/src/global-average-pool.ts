import { PixconError } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.ts';
import { kernels } from './kernels/kernels.ts';

/**
 * The mean over all cells of a feature map (torch.nn.AdaptiveAvgPool2d(1), flattened).
 *
 * @param x `[batch, height, width, channels]` or `[batch, cells, channels]`
 * @returns `[batch, channels]`
 * @throws PixconError `invalid-shape`
 *
 * @example
 * globalAveragePool(tf.ones([2, 7, 7, 512])); // [2, 512]
 */
export function globalAveragePool(x: tf.Tensor4D | tf.Tensor3D): tf.Tensor2D {
  const { shape } = x;
  if (shape.length !== 3 && shape.length !== 4) {
    throw new PixconError(
      'invalid-shape',
      `globalAveragePool: x must be [batch, height, width, channels] or [batch, cells, channels], got [${(shape as number[]).join(', ')}]`,
    );
  }
  const batch = shape[0];
  const channels = shape[shape.length - 1] as number;
  const cells = x.size / (batch * channels);
  return differentiable<tf.Tensor2D, 'x'>(
    { x },
    () => kernels().cellMean(tf.reshape<tf.Rank.R3>(x, [batch, cells, channels])),
    (dy) => ({
      x: () => {
        const share = tf.reshape(tf.mul(dy, 1 / cells), [batch, 1, channels]);
        return tf.reshape(tf.tile(share, [1, cells, 1]), [...shape]);
      },
    }),
  );
}
