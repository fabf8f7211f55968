import type { Kernels } from '../types.ts';
import { referenceBatchNormalization } from './batch-normalization.ts';
import { referenceCells } from './cells.ts';
import { referenceConvolution } from './convolution.ts';
import { referenceElementwise } from './elementwise.ts';
import { referencePooling } from './pooling.ts';
import { ringWrite } from './ring-write.ts';
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
  ...referenceCells,
  ringWrite,
};
