import type { Kernels } from '../types.ts';
import { webgpuBatchNormalization } from './batch-normalization.ts';
import { webgpuConvolution } from './convolution.ts';
import { webgpuGatherCells } from './gather-cells.ts';
import { infoNce } from './info-nce.ts';
import { webgpuLossScale } from './loss-scale.ts';
import { matMul } from './matrix-product.ts';
import { mostSimilar } from './most-similar.ts';
import { webgpuPooling } from './pooling.ts';
import { webgpuPrecision } from './precision.ts';
import { webgpuRowSums } from './row-sums.ts';
import { webgpuUnitRows } from './unit-rows.ts';
import { webgpuUpdates } from './updates.ts';

/** Kernels of the WebGPU backend: WGSL of our own, queued by {@link runWebgpuProgram}. */
export const webgpuKernels: Partial<Kernels> = {
  ...webgpuPrecision,
  ...webgpuConvolution,
  ...webgpuBatchNormalization,
  ...webgpuPooling,
  ...webgpuRowSums,
  ...webgpuUnitRows,
  ...webgpuGatherCells,
  ...webgpuUpdates,
  ...webgpuLossScale,
  matMul,
  mostSimilar,
  infoNce,
};
