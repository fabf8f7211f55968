import * as tf from '@tensorflow/tfjs-core';

/**
 * Makes sure that nothing else shows the memory of `variable`, so that it can be written in place. What shares it
 * (a clone, a view of another shape, the tensor that it began as) keeps the old values: the variable gets a copy.
 */
export function ownMemory(variable: tf.Variable): void {
  const backend = tf.backend() as { refCount(dataId: object): number };
  if (backend.refCount(variable.dataId) === 1) return;
  tf.tidy(() => variable.assign(tf.mul(variable, 1)));
}
