import { assertShape } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.ts';
import { inPrecision, isHalfPrecision } from './precision.ts';

/**
 * a + b of tensors of the same shape. The gradient is handed on without a copy.
 *
 * @throws PixconError `invalid-shape` when the shapes differ; use `tf.add` to broadcast
 *
 * @example
 * add(tf.ones([2, 3]), tf.ones([2, 3])); // [2, 3]
 */
export function add<T extends tf.Tensor>(a: T, b: T): T {
  assertShape('add', 'b', b, a.shape);
  return differentiable<T, 'a' | 'b'>(
    { a, b },
    () => {
      const half = isHalfPrecision(a);
      return inPrecision(tf.add<T>(inPrecision(a, false), inPrecision(b, false)), half);
    },
    (dy) => ({ a: () => tf.clone(dy), b: () => tf.clone(dy) }),
  );
}
