import { runsOnGpu } from './execute.ts';
import { registerReshape } from './reshape.ts';

let loaded = false;

/**
 * Says whether the running TensorFlow has pixcon's own operations (`PixconBatchNormalization` and others), which the
 * TensorFlow kernels then use on a CPU. `startBackend` of `@pixcon/backend` says so when it has loaded them.
 *
 * @returns what was said before
 *
 * @example
 * useNativeKernels(false); // back to TensorFlow's own operations, to compare
 */
export function useNativeKernels(use: boolean): boolean {
  const before = loaded;
  loaded = use;
  if (use) registerReshape(hasNativeKernels);
  return before;
}

/** True where pixcon's operations are there; they compute on a CPU only. */
export function hasNativeKernels(): boolean {
  return loaded && !runsOnGpu();
}
