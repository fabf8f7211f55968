import type { Kernels } from '../types.ts';
import { referenceBatchNormalization } from './batch-normalization.ts';
import { referenceConvolution } from './convolution.ts';
import { referenceElementwise } from './elementwise.ts';
import { referencePooling } from './pooling.ts';
import { referenceUpdates } from './updates.ts';

/**
 * Every kernel in stock tfjs operations: the oracle in tests, and what runs where a backend has nothing faster.
 */
export const referenceKernels: Kernels = {
  ...referenceConvolution,
  ...referenceBatchNormalization,
  ...referenceElementwise,
  ...referencePooling,
  ...referenceUpdates,
};
