import * as tf from '@tensorflow/tfjs-core';

const mebibyte = 2 ** 20;

/** Memory in MiB: of the process where there is one, and of all tensors. */
export function memoryInUse(): { readonly residentMiB?: number; readonly tensorMiB: number } {
  const resident = globalThis.process?.memoryUsage?.rss();
  return {
    ...(resident === undefined ? {} : { residentMiB: resident / mebibyte }),
    tensorMiB: tf.memory().numBytes / mebibyte,
  };
}
