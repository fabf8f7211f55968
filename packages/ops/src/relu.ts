import type * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.ts';
import { kernels } from './kernels/kernels.ts';

/**
 * max(x, 0) of every element; NaN stays.
 *
 * Saves its result, not `x`, for the gradient, so that a following convolution shares the memory.
 *
 * @example
 * relu(tf.tensor1d([-1, 2])).print(); // [0, 2]
 */
export function relu<T extends tf.Tensor>(x: T): T {
  return differentiable<T, 'x'>(
    { x },
    (save) => {
      const y = kernels().relu(x);
      save(y);
      return y;
    },
    (dy, [y]) => ({ x: () => kernels().reluGradient(dy, y as T) }),
  );
}
