import * as tf from '@tensorflow/tfjs-core';
import type { Kernels } from '../types.ts';
import { executeMany } from './execute.ts';

type BatchNormalizationKernels = Pick<Kernels, 'batchNormalizationForward' | 'batchNormalizationBackward'>;

/**
 * PixconBatchNormalization and its gradient: statistics in float64 in one pass over the memory, everything else in
 * another. The reserve is mean and inverse deviation, `[2, channels]`. What is absent is said by an attribute; any
 * tensor of the size stands in its place, and is not read.
 */
export const nativeBatchNormalization: BatchNormalizationKernels = {
  batchNormalizationForward(input) {
    const { x, scale, offset, residual, relu, runningMean, runningVariance, epsilon, momentum } = input;
    const [y, newMean, newVariance, statistics] = executeMany(
      'PixconBatchNormalization',
      {
        epsilon,
        momentum,
        has_scale: scale !== undefined,
        has_offset: offset !== undefined,
        has_residual: residual !== undefined,
        relu,
      },
      [x, scale ?? runningMean, offset ?? runningMean, runningMean, runningVariance, residual ?? x],
      4,
    ) as [tf.Tensor4D, tf.Tensor1D, tf.Tensor1D, tf.Tensor2D];
    return { y, runningMean: newMean, runningVariance: newVariance, reserve: [statistics] };
  },

  batchNormalizationBackward({ x, dy, y, scale, reserve, residual }) {
    const [statistics] = reserve as [tf.Tensor2D];
    // Without a ReLU the residual's gradient is dy itself.
    const masked = residual && y !== undefined;
    const [xGradient, scaleGradient, offsetGradient, residualGradient] = executeMany(
      'PixconBatchNormalizationGradient',
      { has_scale: scale !== undefined, relu: y !== undefined, residuals: { integer: masked ? 1 : 0 } },
      [x, dy, y ?? x, scale ?? statistics, statistics],
      masked ? 4 : 3,
    ) as [tf.Tensor4D, tf.Tensor1D, tf.Tensor1D, tf.Tensor4D | undefined];
    return {
      x: xGradient,
      scale: scaleGradient,
      offset: offsetGradient,
      residual: residual ? (residualGradient ?? tf.clone(dy)) : undefined,
    };
  },
};
