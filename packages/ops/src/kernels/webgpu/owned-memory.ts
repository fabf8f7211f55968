import * as tf from '@tensorflow/tfjs-core';

/** True where nothing else shows the memory of the tensor: no clone, no view of another shape. */
export function ownsMemory(tensor: tf.Tensor): boolean {
  return (tf.backend() as { refCount(dataId: object): number }).refCount(tensor.dataId) === 1;
}

/**
 * Makes sure that nothing else shows the memory of `variable`, so that it can be written in place. What shares it
 * (a clone, the tensor that it began as) keeps the old values: the variable gets a copy.
 */
export function ownMemory(variable: tf.Variable): void {
  if (ownsMemory(variable)) return;
  tf.tidy(() => variable.assign(tf.mul(variable, 1)));
}
