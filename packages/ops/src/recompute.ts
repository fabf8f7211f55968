import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.ts';
import { withFixedRunningStatistics } from './running-statistics.ts';
import { backpropagate } from './tape.ts';

/**
 * `f(x)`, of which a gradient keeps nothing but `x`: the backward pass computes `f` a second time. Trades time for
 * memory (Chen et al. 2016, arXiv:1604.06174; torch.utils.checkpoint). Values and gradients are the same to the last
 * bit, and batch normalization moves its running statistics once. Without a gradient it is just `f(x)`.
 *
 * @param f a pure function of `x` and `variables`; temporaries are freed
 * @param variables all that `f` reads and that gradients go to
 * @returns the result of `f`, which the caller disposes
 *
 * @example
 * const y = recompute((x) => relu(convolution(x, filter, { padding: 1 })), images, [filter]);
 */
export function recompute<Input extends tf.Tensor, Output extends tf.Tensor>(
  f: (x: Input) => Output,
  x: Input,
  variables: readonly tf.Variable[],
): Output {
  if (tf.engine().state.gradientDepth === 0) return tf.tidy(() => f(x));
  const inputs: Record<string, tf.Tensor> = { x };
  variables.forEach((variable, i) => {
    inputs[`variable${i}`] = variable;
  });
  return differentiable<Output, string>(
    inputs,
    (save) => {
      save(x);
      return f(x);
    },
    (dy, [kept]) => {
      let gradients: readonly (tf.Tensor | undefined)[] | undefined;
      const gradientOf = (index: number) => () => {
        gradients ??= gradientsOf(f, kept as Input, variables, dy);
        const target = index === 0 ? (kept as Input) : (variables[index - 1] as tf.Variable);
        return gradients[index] ?? tf.zerosLike(target);
      };
      return Object.fromEntries(Object.keys(inputs).map((name, index) => [name, gradientOf(index)]));
    },
  );
}

function gradientsOf<Input extends tf.Tensor>(
  f: (x: Input) => tf.Tensor,
  x: Input,
  variables: readonly tf.Variable[],
  dy: tf.Tensor,
): readonly (tf.Tensor | undefined)[] {
  const { value, gradients } = backpropagate(
    () => withFixedRunningStatistics(() => f(x)),
    [x, ...variables],
    { dy },
  );
  value.dispose();
  return gradients;
}
