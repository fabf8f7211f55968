import type { Kernels } from '../types.ts';
import { webgpuConvolution } from './convolution.ts';
import { matMul } from './matrix-product.ts';

/** Kernels of the WebGPU backend: WGSL of our own, queued by {@link runWebgpuProgram}. */
export const webgpuKernels: Partial<Kernels> = {
  ...webgpuConvolution,
  matMul,
};
