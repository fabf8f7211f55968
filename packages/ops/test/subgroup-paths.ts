import { withoutSubgroups } from '../src/kernels/webgpu/subgroups.ts';

/** Runs WebGPU kernels with subgroups, where the device has them, and without. */
export const subgroupPaths: Readonly<Record<string, <T>(work: () => T) => T>> = {
  'with subgroups': (work) => work(),
  'without subgroups': withoutSubgroups,
};
