import * as tf from '@tensorflow/tfjs-core';
import { blend } from '../../blend.ts';
import type { Kernels } from '../types.ts';
import { referenceElementwise } from './elementwise.ts';

type BatchNormalizationKernels = Pick<Kernels, 'batchNormalizationForward' | 'batchNormalizationBackward'>;

/** Batch normalization by its formulas. The reserve is the mean and 1 / √(variance + ε). */
export const referenceBatchNormalization: BatchNormalizationKernels = {
  batchNormalizationForward(input) {
    const { x, scale, offset, residual, relu, runningMean, runningVariance, epsilon, momentum } = input;
    const rows = x.size / x.shape[3];
    const mean = tf.mean<tf.Tensor1D>(x, [0, 1, 2]);
    const centred = tf.sub<tf.Tensor4D>(x, mean);
    const variance = tf.mean<tf.Tensor1D>(tf.square(centred), [0, 1, 2]);
    const inverse = tf.rsqrt(tf.add<tf.Tensor1D>(variance, epsilon));
    let y = tf.mul<tf.Tensor4D>(centred, scale ? tf.mul(inverse, scale) : inverse);
    if (offset) y = tf.add(y, offset);
    if (residual) y = tf.add(y, residual);
    if (relu) y = tf.relu(y);
    return {
      y,
      runningMean: blend(runningMean, mean, momentum),
      runningVariance: blend(runningVariance, tf.mul(variance, rows / (rows - 1)), momentum),
      reserve: [mean, inverse],
    };
  },

  batchNormalizationBackward({ x, dy, y, scale, reserve, residual }) {
    const [mean, inverse] = reserve as [tf.Tensor1D, tf.Tensor1D];
    const rows = x.size / x.shape[3];
    const g = y ? referenceElementwise.reluGradient(dy, y) : dy;
    const normalized = tf.mul<tf.Tensor4D>(tf.sub(x, mean), inverse);
    const offset = tf.sum<tf.Tensor1D>(g, [0, 1, 2]);
    const scaleGradient = tf.sum<tf.Tensor1D>(tf.mul(g, normalized), [0, 1, 2]);
    // dx = scale · inverse · (g − mean(g) − normalized · mean(g · normalized))
    const projected = tf.add(tf.div(offset, rows), tf.mul(normalized, tf.div(scaleGradient, rows)));
    const factor = scale ? tf.mul(scale, inverse) : inverse;
    return {
      x: tf.mul(tf.sub(g, projected), factor),
      scale: scaleGradient,
      offset,
      residual: residual ? tf.clone(g) : undefined,
    };
  },
};
