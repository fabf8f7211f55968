import { assertNumber, assertShape } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import type { BatchNormalizationParameters } from './batch-normalization.ts';
import { differentiable } from './differentiable.ts';
import { runningStatisticsMove } from './running-statistics.ts';

export interface MaskedBatchNormalizationOptions {
  /** Added to the variance; 1e-5 by default. */
  readonly epsilon?: number;
  /** Share of the batch in the new running statistics; 0.1 by default. */
  readonly momentum?: number;
}

/**
 * Batch normalization in training whose statistics are of some rows only: `torch.nn.BatchNorm1d` on `x[mask]`, with
 * a shape that does not depend on the mask. Rows left out are normalized by the same statistics, so that their
 * values are of no use but do no harm. Without any row the running statistics stay.
 *
 * @param x `[rows, channels]`
 * @param mask `[rows]`: 1 for rows that count, 0 for others; a constant
 * @returns `[rows, channels]`; gradients go to `x`, `scale` and `offset`
 * @throws PixconError `invalid-shape`, `invalid-argument`
 *
 * @example
 * const running = { runningMean: tf.variable(tf.zeros([64])), runningVariance: tf.variable(tf.ones([64])) };
 * maskedBatchNormalization(tf.randomNormal([3, 64]), tf.tensor1d([1, 0, 1]), running); // [3, 64]
 */
export function maskedBatchNormalization(
  x: tf.Tensor2D,
  mask: tf.Tensor1D,
  parameters: BatchNormalizationParameters,
  options: MaskedBatchNormalizationOptions = {},
): tf.Tensor2D {
  const { epsilon = 1e-5, momentum = 0.1 } = options;
  const { runningMean, runningVariance } = parameters;
  const scale = parameters.scale as tf.Tensor1D | undefined;
  const offset = parameters.offset as tf.Tensor1D | undefined;
  assertShape('maskedBatchNormalization', 'x', x, [null, null]);
  const [rows, channels] = x.shape;
  assertShape('maskedBatchNormalization', 'mask', mask, [rows]);
  for (const [name, tensor] of Object.entries({ scale, offset, runningMean, runningVariance })) {
    if (tensor) assertShape('maskedBatchNormalization', name, tensor, [channels]);
  }
  assertNumber('maskedBatchNormalization', 'epsilon', epsilon, { minimum: 0, exclusiveMinimum: true });
  assertNumber('maskedBatchNormalization', 'momentum', momentum, { minimum: 0, maximum: 1 });

  const inputs: Record<string, tf.Tensor> = { x };
  if (scale) inputs.scale = scale;
  if (offset) inputs.offset = offset;
  return differentiable<tf.Tensor2D, string>(
    inputs,
    (save) => {
      const present = tf.sum(mask);
      const count = tf.maximum(present, 1);
      const row = tf.reshape<tf.Rank.R2>(mask, [1, rows]);
      const counted = (values: tf.Tensor) => tf.matMul<tf.Tensor2D>(row, values);
      const first = tf.div<tf.Tensor2D>(counted(x), count);
      const near = tf.sub<tf.Tensor2D>(x, first);
      // Again, since what the first mean lost to rounding would not cancel in the gradient of a bias before.
      const rest = tf.div<tf.Tensor2D>(counted(near), count);
      const mean = tf.add<tf.Tensor2D>(first, rest);
      const centred = tf.sub<tf.Tensor2D>(near, rest);
      const variance = tf.div<tf.Tensor2D>(counted(tf.square<tf.Tensor2D>(centred)), count);
      if (runningStatisticsMove()) {
        const share = tf.mul(tf.minimum(present, 1), momentum);
        const unbiased = tf.mul<tf.Tensor2D>(variance, tf.div(count, tf.maximum(tf.sub(count, 1), 1)));
        move(runningMean, mean, share);
        move(runningVariance, unbiased, share);
      }
      const inverse = tf.rsqrt(tf.add<tf.Tensor2D>(variance, epsilon));
      const normalized = tf.mul<tf.Tensor2D>(centred, inverse);
      const share = tf.div(tf.reshape(mask, [rows, 1]), count);
      save(normalized, inverse, share, ...(scale ? [scale] : []));
      const scaled = scale ? tf.mul<tf.Tensor2D>(normalized, scale) : normalized;
      return offset ? tf.add<tf.Tensor2D>(scaled, offset) : tf.clone(scaled);
    },
    (dy, saved) => {
      const [normalized, inverse, share, gamma] = saved as [
        tf.Tensor2D,
        tf.Tensor2D,
        tf.Tensor2D,
        tf.Tensor1D,
      ];
      const columns = (values: tf.Tensor) => tf.sum(values, 0);
      return {
        x: () => {
          const g = gamma ? tf.mul<tf.Tensor2D>(dy, gamma) : dy;
          // What rows that count do through mean and variance.
          const shared = tf.add(columns(g), tf.mul(normalized, columns(tf.mul(g, normalized))));
          return tf.mul(inverse, tf.sub(g, tf.mul(share, shared)));
        },
        scale: () => columns(tf.mul(dy, normalized)),
        offset: () => columns(dy),
      };
    },
  );
}

/** running ← (1 − share) · running + share · batch. */
function move(running: tf.Variable, batch: tf.Tensor2D, share: tf.Tensor): void {
  const change = tf.mul(share, tf.sub(tf.reshape(batch, running.shape as [number]), running));
  running.assign(tf.add(running, change));
}
