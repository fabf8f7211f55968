import * as tf from '@tensorflow/tfjs-core';
import type { Kernels } from '../types.ts';

type ElementwiseKernels = Pick<Kernels, 'relu' | 'reluGradient' | 'columnSum' | 'cellMean' | 'matMul'>;

export const referenceElementwise: ElementwiseKernels = {
  relu: (x) => tf.relu(x),
  reluGradient<T extends tf.Tensor>(dy: T, y: T): T {
    return tf.tidy(() => tf.mul<T>(dy, tf.step(y)));
  },
  columnSum: (x) => tf.sum(x, 0),
  cellMean: (x) => tf.mean(x, 1),
  matMul: (a, b, transposeA = false, transposeB = false) => tf.matMul(a, b, transposeA, transposeB),
};
