import * as tf from '@tensorflow/tfjs-core';
import type { WebgpuBackend } from './backend.ts';

/**
 * True where nothing else shows the memory of the tensor: no clone, no view of another shape. And where it holds what
 * the tensor says: tfjs casts integers to float32 by the label alone.
 */
export function ownsMemory(tensor: tf.Tensor): boolean {
  const backend = tf.backend() as unknown as WebgpuBackend & { refCount(dataId: object): number };
  const { dataId, dtype } = tensor;
  return backend.refCount(dataId) === 1 && backend.tensorMap.get(dataId).dtype === dtype;
}

/**
 * Makes sure that nothing else shows the memory of `variable`, so that it can be written in place. What shares it
 * (a clone, the tensor that it began as) keeps the old values: the variable gets a copy.
 */
export function ownMemory(variable: tf.Variable): void {
  if (ownsMemory(variable)) return;
  tf.tidy(() => variable.assign(tf.mul(variable, 1)));
}
