import * as tf from '@tensorflow/tfjs-core';
import type { Kernels } from '../types.ts';
import { execute, executeMany, runsOnGpu } from './execute.ts';

type BatchNormalizationKernels = Pick<Kernels, 'batchNormalizationForward' | 'batchNormalizationBackward'>;

/**
 * FusedBatchNormV3 and its gradient. The reserve is TensorFlow's own: mean, variance (inverse deviation with CUDA),
 * and cuDNN's workspace.
 */
export const tensorflowBatchNormalization: BatchNormalizationKernels = {
  batchNormalizationForward(input) {
    const { residual, relu } = input;
    const { normalized, ...statistics } = runsOnGpu()
      ? normalizeFused(input)
      : normalizeByOwnStatistics(input);
    let y = normalized;
    if (residual) y = tf.add(y, residual);
    if (relu) y = tf.relu(y);
    return { y, ...statistics };
  },

  batchNormalizationBackward({ x, dy, y, scale, reserve, residual, epsilon }) {
    const g = y ? execute<tf.Tensor4D>('ReluGrad', { T: 'float32' }, [dy, y]) : dy;
    const [xGradient, scaleGradient, offsetGradient] = executeMany(
      'FusedBatchNormGradV3',
      { ...attributes(epsilon), is_training: true },
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

type Input = Parameters<Kernels['batchNormalizationForward']>[0];

interface Normalized {
  readonly normalized: tf.Tensor4D;
  readonly runningMean: tf.Tensor1D;
  readonly runningVariance: tf.Tensor1D;
  readonly reserve: tf.Tensor[];
}

/** One kernel, which also moves the running statistics (with the unbiased variance, as PyTorch). */
function normalizeFused(input: Input): Normalized {
  const { x, runningMean, runningVariance, epsilon, momentum } = input;
  const channels = x.shape[3];
  const [normalized, newMean, newVariance, ...reserve] = executeMany(
    'FusedBatchNormV3',
    { ...attributes(epsilon), is_training: true, exponential_avg_factor: momentum },
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
  return { normalized, runningMean: newMean, runningVariance: newVariance, reserve };
}

/**
 * On a CPU the kernel sums tens of thousands of values into one float32, and its statistics are ten times less
 * exact than PyTorch's. Ours are summed in two levels; the kernel then only normalizes.
 */
function normalizeByOwnStatistics(input: Input): Normalized {
  const { x, runningMean, runningVariance, epsilon, momentum } = input;
  const channels = x.shape[3];
  const rows = x.size / channels;
  const mean = channelMean(x);
  const variance = channelMean(tf.squaredDifference(x, mean));
  const [normalized] = executeMany(
    'FusedBatchNormV3',
    { ...attributes(epsilon), is_training: false },
    [x, input.scale ?? tf.ones([channels]), input.offset ?? tf.zeros([channels]), mean, variance],
    6,
  ) as [tf.Tensor4D];
  const share = tf.scalar(momentum);
  const move = (old: tf.Tensor1D, batch: tf.Tensor1D): tf.Tensor1D =>
    tf.add(old, tf.mul(tf.sub(batch, old), share));
  return {
    normalized,
    runningMean: move(runningMean, mean),
    runningVariance: move(runningVariance, tf.mul(variance, rows / (rows - 1))),
    reserve: [mean, variance, tf.zeros([0])],
  };
}

/** Mean over all axes but the last, as sums of about √rows values of as many sums. */
function channelMean(x: tf.Tensor4D): tf.Tensor1D {
  const channels = x.shape[3];
  const rows = x.size / channels;
  const inner = nearestDivisor(rows);
  const partial = tf.sum(tf.reshape(x, [rows / inner, inner, channels]), 1);
  return tf.mul(tf.sum(partial, 0), 1 / rows);
}

/** The divisor of `rows` that is nearest to its square root from below. */
function nearestDivisor(rows: number): number {
  let divisor = Math.floor(Math.sqrt(rows));
  while (rows % divisor !== 0) divisor--;
  return divisor;
}

function attributes(epsilon: number) {
  return { T: 'float32', U: 'float32', data_format: 'NHWC', epsilon } as const;
}
