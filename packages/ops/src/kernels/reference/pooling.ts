import * as tf from '@tensorflow/tfjs-core';
import { padImages } from '../../pad-images.ts';
import type { Kernels } from '../types.ts';

type PoolingKernels = Pick<Kernels, 'maxPool' | 'maxPoolGradient'>;

/** The lowest finite float32: −∞ itself would be risked in backends that multiply by masks. */
const lowest = -3.4028234663852886e38;

/** Max pooling in stock tfjs, padded by hand so that padding never wins. */
export const referencePooling: PoolingKernels = {
  maxPool(x, { size, stride, padding }) {
    return tf.tidy(() => {
      const pool = (images: tf.Tensor4D, filling: number) =>
        tf.maxPool(padImages(images, padding, filling), size, stride, 'valid');
      const missing = pool(tf.cast(tf.isNaN(x), 'float32'), 0);
      // Stock kernels skip NaN.
      return tf.where(tf.greater(missing, 0), tf.fill(missing.shape, Number.NaN), pool(x, lowest));
    });
  },

  maxPoolGradient(dy, x, y, { size, stride, padding }) {
    return tf.tidy(() => {
      const input = padImages(x, padding, lowest);
      const padded = tf
        .engine()
        .runKernel<tf.Tensor4D>(
          'MaxPoolGrad',
          { dy, input, output: y },
          { filterSize: [size, size], strides: [stride, stride], pad: 'valid' },
        );
      return padding === 0 ? padded : tf.slice4d(padded, [0, padding, padding, 0], x.shape);
    });
  },
};
