import * as tf from '@tensorflow/tfjs-core';
import type { Kernels } from '../types.ts';
import { execute, executeMany } from './execute.ts';

type BatchNormalizationKernels = Pick<Kernels, 'batchNormalizationForward' | 'batchNormalizationBackward'>;

/**
 * FusedBatchNormV3, which also moves the running statistics (with the unbiased variance, as PyTorch). The reserve
 * is TensorFlow's own: mean, variance (inverse deviation with CUDA), and cuDNN's workspace.
 */
export const tensorflowBatchNormalization: BatchNormalizationKernels = {
  batchNormalizationForward(input) {
    const { x, residual, relu, runningMean, runningVariance, epsilon, momentum } = input;
    const channels = x.shape[3];
    const [normalized, newMean, newVariance, ...reserve] = executeMany(
      'FusedBatchNormV3',
      {
        T: 'float32',
        U: 'float32',
        data_format: 'NHWC',
        is_training: true,
        epsilon,
        exponential_avg_factor: momentum,
      },
      [
        x,
        input.scale ?? tf.ones([channels]),
        input.offset ?? tf.zeros([channels]),
        // With a factor of 1 the old statistics must be empty.
        momentum === 1 ? tf.zeros([0]) : runningMean,
        momentum === 1 ? tf.zeros([0]) : runningVariance,
      ],
      6,
    ) as [tf.Tensor4D, tf.Tensor1D, tf.Tensor1D, ...tf.Tensor[]];
    let y = normalized;
    if (residual) y = tf.add(y, residual);
    if (relu) y = tf.relu(y);
    return { y, runningMean: newMean, runningVariance: newVariance, reserve };
  },

  batchNormalizationBackward({ x, dy, y, scale, reserve, residual, epsilon }) {
    const g = y ? execute<tf.Tensor4D>('ReluGrad', { T: 'float32' }, [dy, y]) : dy;
    const [xGradient, scaleGradient, offsetGradient] = executeMany(
      'FusedBatchNormGradV3',
      { T: 'float32', U: 'float32', data_format: 'NHWC', is_training: true, epsilon },
      [g, x, scale ?? tf.ones([x.shape[3]]), ...reserve],
      5,
    ) as [tf.Tensor4D, tf.Tensor1D, tf.Tensor1D];
    return {
      x: xGradient,
      scale: scaleGradient,
      offset: offsetGradient,
      residual: residual ? tf.clone(g) : undefined,
    };
  },
};
