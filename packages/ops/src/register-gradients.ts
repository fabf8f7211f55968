import * as tf from '@tensorflow/tfjs-core';
import { elementwiseGradients } from './gradients/elementwise.ts';
import { structuralGradients } from './gradients/structural.ts';

/**
 * Makes the tape know the gradients of tfjs's basic operations: elementwise arithmetic, reshaping, slicing,
 * concatenation, sums and matrix products.
 *
 * `@tensorflow/tfjs-core` alone brings none under Node; only the `@tensorflow/tfjs` bundle and tfjs-node register
 * theirs. This fills the gaps and replaces nothing, so it may be called at any time and any number of times;
 * `startBackend` and {@link valueAndGradients} call it.
 *
 * @example
 * registerGradients();
 * tf.grad((x) => tf.sum(tf.square(x)))(tf.tensor1d([1, 2])); // => [2, 4]
 */
export function registerGradients(): void {
  if (tf.getGradient('Multiply') && tf.getGradient('Sum')) return;
  for (const config of [...elementwiseGradients(), ...structuralGradients()]) {
    if (!tf.getGradient(config.kernelName)) tf.registerGradient(config);
  }
}
