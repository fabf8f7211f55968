import type * as tf from '@tensorflow/tfjs-core';
import type { Kernels, ScaleAndShift } from '../types.ts';
import { allocate, allocateLike, views } from './heap.ts';
import { keepWherePositive } from './keep-where-positive.ts';

type BatchNormalizationKernels = Pick<Kernels, 'batchNormalizationForward' | 'batchNormalizationBackward'>;

/**
 * Batch normalization in two passes over the memory each way, sums in double precision. The reserve is the mean
 * and 1 / √(variance + ε).
 */
export const wasmBatchNormalization: BatchNormalizationKernels = {
  batchNormalizationForward(input) {
    const { x, scale, offset, residual, relu, runningMean, runningVariance, epsilon, momentum } = input;
    const channels = x.shape[3];
    const rows = x.size / channels;
    const perChannel = () => allocate<tf.Rank.R1>([channels]);
    const results = {
      y: allocate<tf.Rank.R4>(x.shape),
      runningMean: perChannel(),
      runningVariance: perChannel(),
      reserve: [perChannel(), perChannel()] as const,
    };
    const [from, to, oldMean, oldVariance, newMean, newVariance, meanOut, inverseOut] = views(
      x,
      results.y,
      runningMean,
      runningVariance,
      results.runningMean,
      results.runningVariance,
      ...results.reserve,
    );
    const gamma = scale && views(scale)[0];
    const beta = offset && views(offset)[0];
    const added = residual && views(residual)[0];
    const { mean, variance } = statistics(from, channels);
    const factor = new Float64Array(channels);
    const shift = new Float64Array(channels);
    for (let c = 0; c < channels; c++) {
      const inverse = 1 / Math.sqrt((variance[c] as number) + epsilon);
      factor[c] = inverse * (gamma ? (gamma[c] as number) : 1);
      shift[c] = (beta ? (beta[c] as number) : 0) - (mean[c] as number) * (factor[c] as number);
      meanOut[c] = mean[c] as number;
      inverseOut[c] = inverse;
      const unbiased = ((variance[c] as number) * rows) / (rows - 1);
      newMean[c] = (1 - momentum) * (oldMean[c] as number) + momentum * (mean[c] as number);
      newVariance[c] = (1 - momentum) * (oldVariance[c] as number) + momentum * unbiased;
    }
    normalize(from, to, factor, shift, added, relu);
    return { ...results, reserve: [...results.reserve] };
  },

  batchNormalizationBackward({ x, dy, y, scale, reserve, residual }) {
    const channels = x.shape[3];
    const rows = x.size / channels;
    const results = {
      x: allocate<tf.Rank.R4>(x.shape),
      scale: allocate<tf.Rank.R1>([channels]),
      offset: allocate<tf.Rank.R1>([channels]),
      // Without a ReLU the residual's gradient is dy itself, which may not be handed on.
      residual: residual ? allocate<tf.Rank.R4>(x.shape) : undefined,
    };
    const [from, gradient, to, scaleOut, offsetOut, mean, inverse] = views(
      x,
      dy,
      results.x,
      results.scale,
      results.offset,
      reserve[0] as tf.Tensor,
      reserve[1] as tf.Tensor,
    );
    const gamma = scale && views(scale)[0];
    const mask = y && views(y)[0];
    // Where there is no buffer for it, the masked gradient is kept in the result until the second pass.
    const masked = results.residual ? views(results.residual)[0] : mask ? to : gradient;
    if (mask) keepWherePositive(gradient, mask, masked);
    else if (masked !== gradient) masked.set(gradient);
    const { sums, products } = sumsAndProducts(from, masked, channels);
    const ofGradient = new Float64Array(channels);
    const ofInput = new Float64Array(channels);
    const constant = new Float64Array(channels);
    for (let c = 0; c < channels; c++) {
      const m = mean[c] as number;
      const i = inverse[c] as number;
      const sum = sums[c] as number;
      const scaleGradient = ((products[c] as number) - m * sum) * i;
      scaleOut[c] = scaleGradient;
      offsetOut[c] = sum;
      // dx = scale · i · (g − sum / rows − (x − m) · i · scaleGradient / rows), as a · g + b · x + c
      const a = (gamma ? (gamma[c] as number) : 1) * i;
      const b = (-a * i * scaleGradient) / rows;
      ofGradient[c] = a;
      ofInput[c] = b;
      constant[c] = (-a * sum) / rows - b * m;
    }
    let at = 0;
    for (let row = 0; row < rows; row++) {
      for (let c = 0; c < channels; c++, at++) {
        to[at] =
          (ofGradient[c] as number) * (masked[at] as number) +
          (ofInput[c] as number) * (from[at] as number) +
          (constant[c] as number);
      }
    }
    return results;
  },
};

/**
 * In one pass instead of up to four. And XNNPACK's ReLU takes a NaN for 0 where its sign bit is set, as it is of those
 * that arithmetic makes: a network that has lost its numbers would look sound.
 */
export const scaleAndShift: NonNullable<Kernels['scaleAndShift']> = <T extends tf.Tensor>(
  x: T,
  { factor, shift, residual, relu }: ScaleAndShift<T>,
): T => {
  const y = allocateLike(x, x.shape) as T;
  const [from, to, factors, shifts, added] = views(x, y, factor, shift, ...(residual ? [residual] : []));
  normalize(
    from as Float32Array,
    to as Float32Array,
    Float64Array.from(factors as Float32Array),
    Float64Array.from(shifts as Float32Array),
    added,
    relu,
  );
  return y;
};

function statistics(from: Float32Array, channels: number): { mean: Float64Array; variance: Float64Array } {
  const rows = from.length / channels;
  const { sums: mean, products: variance } = sumsAndProducts(from, from, channels);
  for (let c = 0; c < channels; c++) {
    mean[c] = (mean[c] as number) / rows;
    // Rounding may leave a constant channel a little below 0.
    variance[c] = Math.max(0, (variance[c] as number) / rows - (mean[c] as number) ** 2);
  }
  return { mean, variance };
}

function normalize(
  from: Float32Array,
  to: Float32Array,
  factor: Float64Array,
  shift: Float64Array,
  added: Float32Array | undefined,
  relu: boolean,
): void {
  const channels = factor.length;
  // A ReLU without a comparison, as max(0, v) = v / 2 + |v| / 2: which values are positive is as good as random, and
  // a wrongly predicted branch costs more than everything else here.
  const ofValue = relu ? 0.5 : 1;
  const ofMagnitude = relu ? 0.5 : 0;
  for (let at = 0; at < from.length; ) {
    if (added) {
      for (let c = 0; c < channels; c++, at++) {
        const value =
          (from[at] as number) * (factor[c] as number) + (shift[c] as number) + (added[at] as number);
        to[at] = value * ofValue + Math.abs(value) * ofMagnitude;
      }
    } else {
      for (let c = 0; c < channels; c++, at++) {
        const value = (from[at] as number) * (factor[c] as number) + (shift[c] as number);
        to[at] = value * ofValue + Math.abs(value) * ofMagnitude;
      }
    }
  }
}

/** Σ g and Σ g · x per channel. Four rows at a time, so that the sums are loaded and stored once for four. */
function sumsAndProducts(
  x: Float32Array,
  gradient: Float32Array,
  channels: number,
): { sums: Float64Array; products: Float64Array } {
  const sums = new Float64Array(channels);
  const products = new Float64Array(channels);
  const fours = x.length - (x.length % (4 * channels));
  for (let base = 0; base < fours; base += 4 * channels) {
    for (let c = 0, i = base; c < channels; c++, i++) {
      const j = i + channels;
      const k = j + channels;
      const l = k + channels;
      const p = gradient[i] as number;
      const q = gradient[j] as number;
      const r = gradient[k] as number;
      const s = gradient[l] as number;
      sums[c] = (sums[c] as number) + (p + q + (r + s));
      products[c] =
        (products[c] as number) +
        (p * (x[i] as number) + q * (x[j] as number) + (r * (x[k] as number) + s * (x[l] as number)));
    }
  }
  for (let at = fours; at < x.length; ) {
    for (let c = 0; c < channels; c++, at++) {
      const g = gradient[at] as number;
      sums[c] = (sums[c] as number) + g;
      products[c] = (products[c] as number) + g * (x[at] as number);
    }
  }
  return { sums, products };
}
