import * as tf from '@tensorflow/tfjs-core';
import { kernels } from './kernels/kernels.ts';
import type {
  BatchNormalizationBackward,
  BatchNormalizationBackwardResult,
  BatchNormalizationForward,
  BatchNormalizationForwardResult,
} from './kernels/types.ts';
import { inPrecision, isHalfPrecision } from './precision.ts';
import type { RunningStatistics } from './running-statistics.ts';

/** What a batch normalization in training does beside its tensors. */
interface BatchSettings {
  readonly relu: boolean;
  readonly epsilon: number;
  readonly momentum: number;
  readonly splits: number;
}

/** `forwardInSplits` on a layer's variables, which stay. */
export function normalizeBatch(
  input: Pick<BatchNormalizationForward, 'x' | 'scale' | 'offset' | 'residual'>,
  { runningMean, runningVariance }: RunningStatistics,
  { splits, ...settings }: BatchSettings,
): BatchNormalizationForwardResult {
  const running = {
    runningMean: runningMean as unknown as tf.Tensor1D,
    runningVariance: runningVariance as unknown as tf.Tensor1D,
  };
  return forwardInSplits({ ...input, ...running, ...settings }, splits);
}

/**
 * The forward kernel on each of `splits` equal runs of images, which have statistics of their own. The running
 * statistics move once, towards the mean of theirs. In full precision, as tfjs splits them.
 */
function forwardInSplits(input: BatchNormalizationForward, splits: number): BatchNormalizationForwardResult {
  if (splits === 1) return kernels().batchNormalizationForward(input);
  const runs = (images: tf.Tensor4D) => tf.split<tf.Tensor4D>(inPrecision(images, false), splits);
  const residuals = input.residual && runs(input.residual);
  const results = runs(input.x).map((x, i) =>
    kernels().batchNormalizationForward({ ...input, x, residual: residuals?.[i] }),
  );
  return {
    y: inPrecision(tf.concat(results.map(({ y }) => y)), isHalfPrecision(input.x)),
    runningMean: tf.div(sum(results.map(({ runningMean }) => runningMean)), splits),
    runningVariance: tf.div(sum(results.map(({ runningVariance }) => runningVariance)), splits),
    reserve: results.flatMap(({ reserve }) => reserve),
  };
}

/** The backward kernel of `forwardInSplits`. */
export function backwardInSplits(
  input: BatchNormalizationBackward,
  splits: number,
): BatchNormalizationBackwardResult {
  if (splits === 1) return kernels().batchNormalizationBackward(input);
  const { reserve, residual } = input;
  const half = isHalfPrecision(input.x);
  const each = reserve.length / splits;
  const runs = (images: tf.Tensor4D) => tf.split<tf.Tensor4D>(inPrecision(images, false), splits);
  const ys = input.y && runs(input.y);
  const dys = runs(input.dy);
  const results = runs(input.x).map((x, i) =>
    kernels().batchNormalizationBackward({
      ...input,
      x,
      dy: dys[i] as tf.Tensor4D,
      y: ys?.[i],
      reserve: reserve.slice(i * each, (i + 1) * each),
    }),
  );
  return {
    x: inPrecision(tf.concat(results.map(({ x }) => x)), half),
    scale: sum(results.map(({ scale }) => scale)),
    offset: sum(results.map(({ offset }) => offset)),
    residual: residual
      ? inPrecision(tf.concat(results.map((result) => result.residual as tf.Tensor4D)), half)
      : undefined,
  };
}

function sum(vectors: readonly tf.Tensor1D[]): tf.Tensor1D {
  return vectors.reduce((total, vector) => tf.add(total, vector));
}
