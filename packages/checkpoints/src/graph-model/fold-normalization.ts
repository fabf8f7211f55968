import type { LaidOut } from '../file-layout.ts';

/** The batch normalization behind a convolution, at inference. */
export interface RunningNormalization {
  readonly scale: Float32Array;
  readonly offset: Float32Array;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
  readonly epsilon: number;
}

/**
 * A convolution and the normalization behind it as one convolution with a bias: weight · γ / √(σ² + ε), and
 * β − μ · γ / √(σ² + ε).
 *
 * @param weight HWIO: the last axis is the output's
 */
export function foldNormalization(
  weight: LaidOut,
  normalization: RunningNormalization,
): { readonly weight: Float32Array; readonly bias: Float32Array } {
  const { scale, offset, mean, variance, epsilon } = normalization;
  // In doubles: only the result is rounded.
  const factors = Float64Array.from(
    scale,
    (value, channel) => value / Math.sqrt((variance[channel] as number) + epsilon),
  );
  const channels = factors.length;
  return {
    weight: weight.data.map((value, index) => value * (factors[index % channels] as number)),
    bias: offset.map((value, channel) => value - (mean[channel] as number) * (factors[channel] as number)),
  };
}
