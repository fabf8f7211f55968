import * as tf from '@tensorflow/tfjs-core';
import type { Kernels } from '../types.ts';
import { wasmBatchNormalization } from './batch-normalization.ts';
import { wasmConvolution } from './convolution.ts';
import { cellMean, columnSum, matMul, reluGradient } from './matrices.ts';
import { maxPoolGradient } from './max-pool-gradient.ts';

/**
 * Kernels of the WASM backend: heavy arithmetic in XNNPACK's convolution and matrix product, everything that is
 * bound by memory as single loops over the WASM memory.
 */
export const wasmKernels: Partial<Kernels> = {
  ...wasmConvolution,
  ...wasmBatchNormalization,
  reluGradient,
  maxPool: (x, { size, stride, padding }) => tf.maxPool(x, size, stride, padding),
  maxPoolGradient,
  columnSum,
  cellMean,
  matMul,
};
