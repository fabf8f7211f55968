import type * as tf from '@tensorflow/tfjs-core';
import { execute } from './execute.ts';

/** A product of two matrices, without the reshapes to and from batches of matrices that `tf.matMul` makes. */
export function multiply(
  a: tf.Tensor2D,
  b: tf.Tensor2D,
  transposeA = false,
  transposeB = false,
): tf.Tensor2D {
  return execute('MatMul', { T: 'float32', transpose_a: transposeA, transpose_b: transposeB }, [a, b]);
}
