import * as tf from '@tensorflow/tfjs-core';

/** Kernels of one input whose value is constant around almost every point. */
const unary = ['Ceil', 'Floor', 'Round', 'Sign', 'Step', 'IsFinite', 'IsInf', 'IsNan', 'LogicalNot', 'OnesLike', 'ZerosLike', 'ArgMax', 'ArgMin', 'All', 'Any']; // biome-ignore format: a list

/** The same of two. */
const binary = ['Equal', 'NotEqual', 'Greater', 'GreaterEqual', 'Less', 'LessEqual', 'LogicalAnd', 'LogicalOr', 'FloorDiv']; // biome-ignore format: a list

/**
 * Gradients of 0, which the tape of `tf.grad` needs to get past kernels that depend on `x` in steps. That of
 * `valueAndGradients` stops at whole and logical numbers by itself.
 */
export function constantGradients(): tf.GradConfig[] {
  return [
    ...unary.map((kernelName) => zeros(kernelName, ['x'])),
    ...binary.map((kernelName) => zeros(kernelName, ['a', 'b'])),
    zeros('OneHot', ['indices']),
  ];
}

function zeros(kernelName: string, names: string[]): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: names,
    gradFunc: (_, saved) =>
      Object.fromEntries(
        names.map((name, i) => [name, () => tf.zeros((saved[i] as tf.Tensor).shape, 'float32')]),
      ),
  };
}
