import * as tf from '@tensorflow/tfjs-core';
import type { Kernels } from '../types.ts';
import { type Attributes, execute, executeMany } from './execute.ts';
import { keepingNan, tensorflowPooling } from './max-pool.ts';
import { nativeBatchNormalization } from './native-batch-normalization.ts';
import { nativeUnitRows } from './native-unit-rows.ts';
import { nativeUpdates } from './native-updates.ts';

/**
 * Kernels by pixcon's own operations for TensorFlow on a CPU (`packages/backend/native`), which take the place of the
 * TensorFlow kernels' while `hasNativeKernels`.
 */
export const nativeKernels: Partial<Kernels> = {
  ...nativeBatchNormalization,
  ...nativeUpdates,
  ...nativeUnitRows,
  normalizeAgain: true,
  softmaxTile(logits, before) {
    const [rows] = logits.shape;
    const maximum = before?.maximum ?? tf.fill([rows, 1], Number.NEGATIVE_INFINITY);
    const sum = before?.sum ?? tf.fill([rows, 1], 0);
    const results = executeMany('PixconSoftmaxTile', {}, [logits, maximum, sum], 4) as tf.Tensor2D[];
    const [exponentials, newMaximum, newSum, decay] = results as [
      tf.Tensor2D,
      tf.Tensor2D,
      tf.Tensor2D,
      tf.Tensor2D,
    ];
    return { exponentials, maximum: newMaximum, sum: newSum, decay };
  },
  ...keepingNan({
    ...tensorflowPooling,
    maxPoolGradient(dy, x, y, { size, stride, padding }) {
      const geometry: Attributes = {
        size: { integer: size },
        stride: { integer: stride },
        padding: { integer: padding },
      };
      return execute('PixconMaxPoolGradient', geometry, [x, y, dy]);
    },
  }),
};
