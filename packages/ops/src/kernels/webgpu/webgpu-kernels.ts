import type { Kernels } from '../types.ts';

/** Kernels of the WebGPU backend: WGSL of our own, queued by {@link runWebgpuProgram}. */
export const webgpuKernels: Partial<Kernels> = {};
