import * as tf from '@tensorflow/tfjs-core';

/** Gradients by the name of the input, computed only when the tape asks for them. */
export type Gradients<Name extends string> = Readonly<Record<Name, () => tf.Tensor>>;

interface Engine {
  readonly state: { readonly gradientDepth: number };
  runKernelFunc<Output extends tf.Tensor>(call: {
    inputs: Readonly<Record<string, tf.Tensor>>;
    forwardFunc: (backend: unknown, save: (tensors: tf.Tensor[]) => void) => Output;
    backwardsFunc: (dy: Output, saved: tf.Tensor[]) => Gradients<string>;
  }): Output;
}

/** What the node saved whose gradients were computed last. */
let used: readonly tf.Tensor[] = [];

/**
 * Frees what a node saved as soon as the backward pass reaches the next one. The tape itself would keep all of it
 * to the end, beside the gradients that pile up meanwhile. Only in an outermost tape: a nested one is run again.
 */
function release(engine: Engine, saved: readonly tf.Tensor[]): void {
  if (engine.state.gradientDepth > 0) return;
  for (const tensor of used) tensor.dispose();
  used = saved;
}

/**
 * Runs `forward` as one node of the tape, whose gradients are those of `backward`.
 *
 * As `tf.customGrad`, but inputs have names and each gradient is a function that runs only where the input leads
 * to something that is differentiated (the first convolution of a network never computes the gradient to its
 * images), and what was saved is freed on the way back. Both bodies are tidy; a gradient must be a new tensor (`tf.clone` of `dy`, never `dy` itself, since the
 * tape disposes what it adds up).
 *
 * @param inputs the tensors that gradients go to
 * @param forward computes the result; `save` keeps what `backward` needs
 * @param backward gets the gradient of the result and what was saved
 */
export function differentiable<Output extends tf.Tensor, Name extends string>(
  inputs: Readonly<Record<Name, tf.Tensor>>,
  forward: (save: (...tensors: tf.Tensor[]) => void) => Output,
  backward: (dy: Output, saved: tf.Tensor[]) => Gradients<Name>,
): Output {
  const engine = tf.engine() as unknown as Engine;
  return engine.runKernelFunc<Output>({
    inputs,
    forwardFunc: (_backend, save) => forward((...tensors) => save(tensors)),
    backwardsFunc: (dy, saved) => {
      release(engine, saved);
      return backward(dy, saved);
    },
  });
}
