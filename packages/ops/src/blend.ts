import * as tf from '@tensorflow/tfjs-core';

/** (1 − amount) · from + amount · to. */
export function blend<T extends tf.Tensor>(from: T, to: T, amount: number): T {
  return tf.tidy(() => tf.add<T>(tf.mul(from, 1 - amount), tf.mul(to, amount)));
}
