import * as tf from '@tensorflow/tfjs-core';
import { cpuKernels } from './cpu/cpu-kernels.ts';
import { referenceKernels } from './reference/reference-kernels.ts';
import { hasNativeKernels } from './tensorflow/native.ts';
import { nativeKernels } from './tensorflow/native-kernels.ts';
import { tensorflowKernels } from './tensorflow/tensorflow-kernels.ts';
import type { Kernels } from './types.ts';
import { wasmKernels } from './wasm/wasm-kernels.ts';
import { webgpuKernels } from './webgpu/webgpu-kernels.ts';

/** The name of TensorFlow's table where pixcon's own operations are there. */
const withNativeKernels = 'tensorflow with native kernels';

const fastKernels: Readonly<Record<string, Partial<Kernels>>> = {
  cpu: cpuKernels,
  tensorflow: tensorflowKernels,
  [withNativeKernels]: { ...tensorflowKernels, ...nativeKernels },
  wasm: wasmKernels,
  webgpu: webgpuKernels,
};

const tables = new Map<string, Kernels>();

/** The kernels of the running backend: its own where it has some, the reference for the rest. */
export function kernels(): Kernels {
  const running = tf.getBackend();
  const backend = running === 'tensorflow' && hasNativeKernels() ? withNativeKernels : running;
  let table = tables.get(backend);
  if (!table) {
    table = { ...referenceKernels, ...fastKernels[backend] };
    tables.set(backend, table);
  }
  return table;
}
