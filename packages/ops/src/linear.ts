import { assertShape } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.ts';
import { kernels } from './kernels/kernels.ts';

/**
 * x · weight + bias: a linear layer on rows (torch.nn.functional.linear with the weight transposed).
 *
 * @param x `[rows, in]`
 * @param weight `[in, out]`
 * @param bias `[out]`; none by default
 * @returns `[rows, out]`
 * @throws PixconError `invalid-shape`
 *
 * @example
 * linear(tf.ones([4, 512]), tf.ones([512, 128]), tf.zeros([128])); // [4, 128]
 */
export function linear(x: tf.Tensor2D, weight: tf.Tensor2D, bias?: tf.Tensor1D): tf.Tensor2D {
  assertShape('linear', 'x', x, [null, null]);
  assertShape('linear', 'weight', weight, [x.shape[1], null]);
  if (bias) assertShape('linear', 'bias', bias, [weight.shape[1]]);
  const inputs: Record<string, tf.Tensor> = bias ? { x, weight, bias } : { x, weight };
  return differentiable<tf.Tensor2D, string>(
    inputs,
    (save) => {
      save(x, weight);
      const product = kernels().matMul(x, weight);
      return bias ? tf.add(product, bias) : product;
    },
    (dy, saved) => {
      const [x, weight] = saved as [tf.Tensor2D, tf.Tensor2D];
      return {
        x: () => kernels().matMul(dy, weight, false, true),
        weight: () => kernels().matMul(x, dy, true, false),
        bias: () => kernels().columnSum(dy),
      };
    },
  );
}
