import type { Kernels } from '../types.ts';
import { scaleAndShift, wasmBatchNormalization } from './batch-normalization.ts';
import { wasmConvolution } from './convolution.ts';
import { cellMean, columnSum, matMul, relu, reluGradient } from './matrices.ts';
import { wasmPooling } from './max-pool.ts';

/**
 * Kernels of the WASM backend: heavy arithmetic in XNNPACK's convolution and matrix product, everything that is
 * bound by memory as single loops over the WASM memory.
 */
export const wasmKernels: Partial<Kernels> = {
  ...wasmConvolution,
  ...wasmBatchNormalization,
  ...wasmPooling,
  scaleAndShift,
  relu,
  reluGradient,
  columnSum,
  cellMean,
  matMul,
};
