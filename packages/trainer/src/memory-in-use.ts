import * as tf from '@tensorflow/tfjs-core';

const mebibyte = 2 ** 20;

/** Memory in MiB: of the process where there is one, and of all tensors; on WebGPU, of the buffers that hold them. */
export function memoryInUse(): { readonly residentMiB?: number; readonly tensorMiB: number } {
  const resident = globalThis.process?.memoryUsage?.rss();
  const { numBytes, numBytesInGPU = numBytes } = tf.memory() as tf.MemoryInfo & { numBytesInGPU?: number };
  return {
    ...(resident === undefined ? {} : { residentMiB: resident / mebibyte }),
    tensorMiB: numBytesInGPU / mebibyte,
  };
}
