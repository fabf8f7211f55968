import * as tf from '@tensorflow/tfjs-core';
import { gradientTable } from './gradients/index.ts';

let table: readonly tf.GradConfig[] | undefined;

/**
 * Makes the tape know the gradient of every tfjs operation that has one, on every backend: `tf.grad` and
 * {@link valueAndGradients} may then go through any of them.
 *
 * `@tensorflow/tfjs-core` alone brings none under Node; only the `@tensorflow/tfjs` bundle and tfjs-node register
 * theirs. By default this fills the gaps and replaces nothing, so it may be called at any time and any number of
 * times; `startBackend` and {@link valueAndGradients} call it.
 *
 * Ours go further than tfjs's own, which refuse, or get wrong, operands that are broadcast (`maximum`, `minimum`,
 * `squaredDifference`, `matMul`), dilated convolutions, `mirrorPad`, `cumsum` along any axis but the last,
 * `resizeBilinear` with half pixel centers, `split` and `unstack` into a single part, and `tile` beyond four axes.
 * Where values tie, `max` and `min` share the gradient equally. Steps and comparisons have gradients of 0.
 *
 * @param options `replace`: take the place of gradients that are registered already; false by default.
 *   `startBackend('tensorflow')` does so where it loads tfjs-node, for those that come with it
 *
 * @example
 * registerGradients();
 * tf.grad((x) => tf.sum(tf.square(x)))(tf.tensor1d([1, 2])); // => [2, 4]
 */
export function registerGradients(options: { readonly replace?: boolean } = {}): void {
  table ??= gradientTable();
  for (const config of table) {
    if (options.replace || !tf.getGradient(config.kernelName)) tf.registerGradient(config);
  }
}
