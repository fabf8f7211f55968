import { PixconError } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { registerGradients } from './register-gradients.ts';
import { backpropagate } from './tape.ts';

export interface ValueAndGradients {
  readonly value: tf.Scalar;
  /** By the names of `variables`; a variable that the value does not depend on has no entry. */
  readonly gradients: Map<string, tf.Tensor>;
}

/**
 * The value of `f` and its gradients with respect to named variables, as `tf.variableGrads`, but it takes buffers
 * and variables without influence (which simply get no entry), frees every activation and gradient at its last use,
 * and frees the tape when `f` throws.
 * The caller disposes the value and the gradients.
 *
 * @param f computes a scalar; its intermediate tensors are freed
 * @param before gradients by name that the new ones are added to, as in one sum of losses; taken over, whatever happens
 * @throws PixconError `invalid-shape` when the value is no scalar; `invalid-argument` when an operation on the way
 *   has no gradient
 *
 * @example
 * const weight = tf.variable(tf.scalar(3));
 * const { value, gradients } = valueAndGradients(() => tf.square(weight), new Map([['weight', weight]]));
 * gradients.get('weight'); // => 6
 */
export function valueAndGradients(
  f: () => tf.Scalar,
  variables: ReadonlyMap<string, tf.Variable>,
  before: ReadonlyMap<string, tf.Tensor> = new Map(),
): ValueAndGradients {
  registerGradients();
  const names = [...variables.keys()];
  const scalar = (): tf.Scalar => {
    const value = f();
    if (value.size !== 1 || value.rank !== 0) {
      throw new PixconError(
        'invalid-shape',
        `valueAndGradients: f must return a scalar, got shape [${value.shape.join(', ')}]`,
      );
    }
    // A tensor of its own: f may return a variable, or a tensor that lives outside.
    return tf.clone(value);
  };
  const { value, gradients } = backpropagate(scalar, [...variables.values()], {
    before: names.map((name) => before.get(name)),
  });
  const named = new Map<string, tf.Tensor>();
  names.forEach((name, i) => {
    const gradient = gradients[i];
    if (gradient) named.set(name, gradient);
  });
  return { value, gradients: named };
}
