import type { Module, Parameters } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Parameters for a forward pass that uses the batch's statistics and changes nothing: such a pass moves the
 * running statistics, so it gets copies of them. Call `dispose` after it.
 */
export function withCopiedBuffers(
  module: Module<never, unknown>,
  parameters: Parameters,
): { readonly parameters: Parameters; dispose(): void } {
  const copies = new Map<string, tf.Variable>();
  for (const { name, role } of module.parameters) {
    if (role !== 'buffer') continue;
    const copy = tf.tidy(() => tf.variable(tf.clone(parameters.get(name)), false));
    copies.set(name, copy);
  }
  return {
    parameters: { get: (name) => copies.get(name) ?? parameters.get(name) },
    dispose() {
      for (const copy of copies.values()) copy.dispose();
    },
  };
}
