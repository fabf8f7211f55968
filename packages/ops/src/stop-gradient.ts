import * as tf from '@tensorflow/tfjs-core';

/**
 * The values of `x` as a constant: no gradient flows through the result. `tensor.detach()` of PyTorch.
 * Costs one `Identity`, which copies nothing. The caller disposes the result; `x` stays.
 *
 * @example
 * tf.grad((x) => tf.mul(x, stopGradient(x)))(tf.scalar(3)); // => 3, not 6
 */
export function stopGradient<T extends tf.Tensor>(x: T): T {
  // An operation without inputs has no path to x on the tape.
  return tf.customGrad(() => ({ value: tf.clone(x), gradFunc: () => [] }))() as T;
}
