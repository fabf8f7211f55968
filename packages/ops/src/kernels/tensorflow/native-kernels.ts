import type { Kernels } from '../types.ts';
import { type Attributes, execute } from './execute.ts';
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
  maxPoolGradient(dy, x, y, { size, stride, padding }) {
    const geometry: Attributes = {
      size: { integer: size },
      stride: { integer: stride },
      padding: { integer: padding },
    };
    return execute('PixconMaxPoolGradient', geometry, [x, y, dy]);
  },
};
