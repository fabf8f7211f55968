import { assertNumber, assertShape, PixconError } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.ts';
import { evaluateNormalization } from './evaluate-normalization.ts';
import { fullPrecision, halfPrecision, isHalfPrecision } from './precision.ts';
import { moveRunningStatistics, type RunningStatistics } from './running-statistics.ts';
import { backwardInSplits, normalizeBatch } from './split-normalization.ts';

/** What a normalization layer owns, one number per channel each. */
export interface BatchNormalizationParameters {
  /** γ; 1 where it is absent (PyTorch's `affine=False`). */
  readonly scale?: tf.Tensor1D | tf.Variable | undefined;
  /** β; 0 where it is absent. */
  readonly offset?: tf.Tensor1D | tf.Variable | undefined;
  readonly runningMean: tf.Variable;
  readonly runningVariance: tf.Variable;
}

export interface BatchNormalizationOptions<T extends tf.Tensor = tf.Tensor> {
  /**
   * True: normalize by the batch and move the running statistics. False: normalize by the running statistics,
   * which stay.
   */
  readonly training: boolean;
  /** Added to the variance; 1e-5 by default. */
  readonly epsilon?: number;
  /** Share of the batch in the new running statistics; 0.1 by default. */
  readonly momentum?: number;
  /**
   * In training, take the statistics of each of this many equal runs of consecutive images by itself, as that many
   * devices would; the running statistics move towards their mean. Divides the first axis; 1 by default.
   */
  readonly splits?: number | undefined;
  /** Apply a ReLU to the result; false by default. */
  readonly relu?: boolean;
  /** Added to the normalized values, before the ReLU; same shape as `x`. */
  readonly residual?: T | undefined;
}

/**
 * Batch normalization over all axes but the last (torch.nn.BatchNorm1d / 2d; Ioffe and Szegedy, 2015), with the
 * residual sum and the ReLU that follow it in a ResNet block:
 *
 * y = relu(scale · (x − mean) / √(variance + ε) + offset + residual).
 *
 * In training, mean and biased variance are the batch's, and the running ones move in place, in the forward pass:
 * new = (1 − momentum) · old + momentum · batch, where the batch's variance is the unbiased one. One node of the
 * tape; gradients go to `x`, `scale`, `offset` and `residual`, never to the running statistics.
 *
 * @param x `[…, channels]`, rank 2 to 4
 * @returns the shape of `x`
 * @throws PixconError `invalid-shape` when shapes do not fit, or in training when there is but one value per
 *   channel; `invalid-argument`
 *
 * @example
 * const parameters = {
 *   scale: tf.variable(tf.ones([64])),
 *   offset: tf.variable(tf.zeros([64])),
 *   runningMean: tf.variable(tf.zeros([64])),
 *   runningVariance: tf.variable(tf.ones([64])),
 * };
 * batchNormalization(tf.randomNormal([2, 56, 56, 64]), parameters, { training: true, relu: true }); // [2, 56, 56, 64]
 */
export function batchNormalization<T extends tf.Tensor>(
  x: T,
  parameters: BatchNormalizationParameters,
  options: BatchNormalizationOptions<T>,
): T {
  const { training, epsilon = 1e-5, momentum = 0.1, splits = 1, relu = false, residual } = options;
  assertNumber('batchNormalization', 'epsilon', epsilon, { minimum: 0, exclusiveMinimum: true });
  assertNumber('batchNormalization', 'momentum', momentum, { minimum: 0, maximum: 1 });
  assertNumber('batchNormalization', 'splits', splits, { minimum: 1, integer: true });
  assertInputs(x, parameters, residual, training ? splits : undefined);
  const common = {
    x,
    scale: parameters.scale as tf.Tensor1D | undefined,
    offset: parameters.offset as tf.Tensor1D | undefined,
    residual,
    epsilon,
    relu,
  };
  return training
    ? normalizeByBatch({ ...common, momentum, splits }, parameters)
    : evaluateInFull(common, parameters);
}

/** Of images in half precision, which stock kernels compute, in full precision and back. */
function evaluateInFull<T extends tf.Tensor>(
  input: Parameters<typeof evaluateNormalization<T>>[0],
  running: RunningStatistics,
): T {
  const { x, residual } = input;
  if (!isHalfPrecision(x)) return evaluateNormalization(input, running);
  const full = { ...input, x: fullPrecision(x), residual: residual && fullPrecision(residual) };
  return halfPrecision(evaluateNormalization(full, running));
}

interface TrainingInput<T extends tf.Tensor> {
  readonly x: T;
  readonly scale: tf.Tensor1D | undefined;
  readonly offset: tf.Tensor1D | undefined;
  readonly residual: T | undefined;
  readonly epsilon: number;
  readonly momentum: number;
  readonly splits: number;
  readonly relu: boolean;
}

function normalizeByBatch<T extends tf.Tensor>(
  { x, scale, offset, residual, epsilon, momentum, splits, relu }: TrainingInput<T>,
  running: RunningStatistics,
): T {
  const { shape } = x;
  const inputs = present({ x, scale, offset, residual });
  return differentiable<T, string>(
    inputs,
    (save) => {
      const result = normalizeBatch(
        { x: asImages(x), scale, offset, residual: residual && asImages(residual) },
        running,
        { relu, epsilon, momentum, splits },
      );
      moveRunningStatistics(running, result);
      const y = withShape(result.y, shape) as T;
      // The reserve has the length that the kernel chose, so it comes last.
      save(x, ...(relu ? [y] : []), ...(scale ? [scale] : []), ...result.reserve);
      return y;
    },
    (dy, saved) => {
      const rest = [...saved];
      const x = rest.shift() as T;
      const y = relu ? (rest.shift() as T) : undefined;
      const gamma = scale && (rest.shift() as tf.Tensor1D);
      const gradients = tf.tidy(
        () =>
          present(
            backwardInSplits(
              {
                x: asImages(x),
                dy: asImages(dy),
                y: y && asImages(y),
                scale: gamma,
                reserve: rest,
                residual: residual !== undefined,
                epsilon,
              },
              splits,
            ),
          ) as Record<string, tf.Tensor>,
      );
      return {
        x: () => withShape(gradients.x as tf.Tensor, shape),
        scale: () => gradients.scale as tf.Tensor,
        offset: () => gradients.offset as tf.Tensor,
        residual: () => withShape(gradients.residual as tf.Tensor, shape),
      };
    },
  );
}

/** Rank 2 to 4 as rank 4: batch first, channels last. */
function asImages(x: tf.Tensor): tf.Tensor4D {
  if (x.rank === 4) return x as tf.Tensor4D;
  const batch = x.shape[0] as number;
  const channels = x.shape[x.rank - 1] as number;
  return tf.reshape(x, [batch, x.rank === 3 ? (x.shape[1] as number) : 1, 1, channels]);
}

/** A reshape is an operation of its own even where it changes nothing. */
function withShape(tensor: tf.Tensor, shape: number[]): tf.Tensor {
  return tensor.rank === shape.length ? tensor : tf.reshape(tensor, shape);
}

function present(
  tensors: Readonly<Record<string, tf.Tensor | undefined>> | object,
): Record<string, tf.Tensor> {
  return Object.fromEntries(Object.entries(tensors).filter(([, tensor]) => tensor !== undefined));
}

function assertInputs(
  x: tf.Tensor,
  { scale, offset, runningMean, runningVariance }: BatchNormalizationParameters,
  residual: tf.Tensor | undefined,
  splits: number | undefined,
): void {
  if (x.rank < 2 || x.rank > 4) {
    throw new PixconError(
      'invalid-shape',
      `batchNormalization: x must have rank 2, 3 or 4 with channels last, got [${x.shape.join(', ')}]`,
    );
  }
  const channels = x.shape[x.rank - 1] as number;
  for (const [name, tensor] of Object.entries(present({ scale, offset, runningMean, runningVariance }))) {
    assertShape('batchNormalization', name, tensor, [channels]);
  }
  if (residual) assertShape('batchNormalization', 'residual', residual, x.shape);
  if (splits === undefined) return;
  if ((x.shape[0] as number) % splits !== 0) {
    throw new PixconError(
      'invalid-shape',
      `batchNormalization: splits must divide the first axis of x, [${x.shape.join(', ')}], got ${splits}; use a batch that is a multiple of it`,
    );
  }
  if (x.size <= channels * splits) {
    throw new PixconError(
      'invalid-shape',
      `batchNormalization: training needs more than one value per channel${splits > 1 ? ` in each of ${splits} splits` : ''}, got x of [${x.shape.join(', ')}]; use a larger batch or evaluation mode`,
    );
  }
}
