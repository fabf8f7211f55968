import * as tf from '@tensorflow/tfjs-core';
import { unbroadcast } from './unbroadcast.ts';

export type Attributes = Readonly<Record<string, unknown>>;
type Pair = [tf.Tensor, tf.Tensor];
type OfOne = (dy: tf.Tensor, saved: tf.Tensor, attributes: Attributes) => tf.Tensor;
type OfTwo = (dy: tf.Tensor, a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

/** The gradient of a kernel with one input, from that input. */
export function ofInput(kernelName: string, gradient: OfOne, name = 'x'): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: [name],
    gradFunc: (dy, saved, attributes) => ({
      [name]: () => gradient(dy as tf.Tensor, saved[0] as tf.Tensor, attributes as Attributes),
    }),
  };
}

/** The gradient of a kernel with one input, from its output. */
export function ofOutput(kernelName: string, gradient: OfOne, name = 'x'): tf.GradConfig {
  return {
    kernelName,
    outputsToSave: [true],
    gradFunc: (dy, saved, attributes) => ({
      [name]: () => gradient(dy as tf.Tensor, saved[0] as tf.Tensor, attributes as Attributes),
    }),
  };
}

/** The gradients of a kernel with two inputs that are broadcast against each other. */
export function ofPair(
  kernelName: string,
  left: OfTwo,
  right: OfTwo,
  [first, second]: readonly [string, string] = ['a', 'b'],
): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: [first, second],
    gradFunc: (dy, saved) => {
      const [a, b] = saved as Pair;
      return {
        [first]: () => unbroadcast(left(dy as tf.Tensor, a, b), a.shape),
        [second]: () => unbroadcast(right(dy as tf.Tensor, a, b), b.shape),
      };
    },
  };
}

/** `values` where the condition holds, 0 elsewhere: unlike a product with a mask, it keeps no NaN there. */
export function keepWhere(condition: tf.Tensor, values: tf.Tensor): tf.Tensor {
  return tf.where(condition, values, tf.zerosLike(values));
}
