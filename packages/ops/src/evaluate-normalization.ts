import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.ts';
import { kernels } from './kernels/kernels.ts';
import type { ScaleAndShift } from './kernels/types.ts';

interface EvaluationInput<T extends tf.Tensor> {
  readonly x: T;
  readonly scale: tf.Tensor1D | undefined;
  readonly offset: tf.Tensor1D | undefined;
  readonly residual: T | undefined;
  readonly epsilon: number;
  readonly relu: boolean;
}

function scaleAndShift<T extends tf.Tensor>(x: T, input: ScaleAndShift<T>): T {
  const table = kernels();
  if (table.scaleAndShift) return table.scaleAndShift(x, input);
  const { factor, shift, residual, relu } = input;
  let y = tf.add<T>(tf.mul(x, factor), shift);
  if (residual) y = tf.add(y, residual);
  return relu ? tf.relu(y) : y;
}

/** relu(scale · (x − mean) / √(variance + ε) + offset + residual) with constant mean and variance. */
export function evaluateNormalization<T extends tf.Tensor>(
  { x, scale, offset, residual, epsilon, relu }: EvaluationInput<T>,
  running: { readonly runningMean: tf.Tensor; readonly runningVariance: tf.Tensor },
): T {
  const { shape } = x;
  const channels = shape[shape.length - 1] as number;
  const inputs: Record<string, tf.Tensor> = { x };
  if (scale) inputs.scale = scale;
  if (offset) inputs.offset = offset;
  if (residual) inputs.residual = residual;
  return differentiable<T, string>(
    inputs,
    (save) => {
      const inverse = tf.rsqrt(tf.add<tf.Tensor1D>(running.runningVariance, epsilon));
      // clone: the running mean is a variable, which may move before the backward pass.
      const mean = tf.clone(running.runningMean as tf.Tensor1D);
      const factor = scale ? tf.mul<tf.Tensor1D>(inverse, scale) : inverse;
      const shift = tf.neg<tf.Tensor1D>(tf.mul(mean, factor));
      const y = scaleAndShift(x, {
        factor,
        shift: offset ? tf.add<tf.Tensor1D>(shift, offset) : shift,
        residual,
        relu,
      });
      save(x, mean, inverse, factor, ...(relu ? [y] : []));
      return y;
    },
    (dy, saved) => {
      const [x, mean, inverse, factor, y] = saved as [T, tf.Tensor1D, tf.Tensor1D, tf.Tensor1D, T];
      const g = relu ? kernels().reluGradient(dy, y) : tf.clone(dy);
      const columns = (tensor: tf.Tensor) => kernels().columnSum(tf.reshape(tensor, [-1, channels]));
      return {
        x: () => tf.mul(g, factor),
        scale: () => columns(tf.mul(g, tf.mul(tf.sub(x, mean), inverse))),
        offset: () => columns(g),
        residual: () => tf.clone(g),
      };
    },
  );
}
