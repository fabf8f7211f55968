/** A convolution of a ResNet; `size` is the side of its filter. */
export interface TrialConvolution {
  readonly size: number;
  readonly input: number;
  readonly output: number;
  readonly stride: number;
  readonly dilation: number;
}

/** Output channels by input channels, filter side, stride and dilation, each after the other. */
const table: readonly (readonly [number, number, number, number, readonly number[]])[] = [
  // The stems: for photos, and for small images.
  [7, 3, 2, 1, [64]],
  [3, 3, 1, 1, [64]],
  // 3×3 of both kinds of blocks; dilated ones of output stride 16 and 8.
  [3, 64, 1, 1, [64]],
  [3, 64, 2, 1, [128]],
  [3, 128, 1, 1, [128, 256]],
  [3, 128, 2, 1, [128, 256]],
  [3, 256, 1, 1, [256, 512]],
  [3, 256, 2, 1, [256, 512]],
  [3, 256, 1, 2, [256, 512]],
  [3, 512, 1, 1, [512]],
  [3, 512, 2, 1, [512]],
  [3, 512, 1, 2, [512]],
  [3, 512, 1, 4, [512]],
  // 1×1 of bottlenecks, and projections.
  [1, 64, 1, 1, [64, 256]],
  [1, 64, 2, 1, [128]],
  [1, 128, 1, 1, [256, 512]],
  [1, 128, 2, 1, [256]],
  [1, 256, 1, 1, [64, 128, 512, 1024]],
  [1, 256, 2, 1, [512]],
  [1, 512, 1, 1, [128, 256, 1024, 2048]],
  [1, 512, 2, 1, [1024]],
  [1, 1024, 1, 1, [256, 512, 2048]],
  [1, 1024, 2, 1, [2048]],
  [1, 2048, 1, 1, [512]],
];

/**
 * Every convolution of the ResNets of `@pixcon/backbones`, with either stem and any output stride: what the trial of a
 * native library computes, forward and backward, the first time that it is started on a processor.
 *
 * @example
 * trialConvolutions.length; // => 39
 */
export const trialConvolutions: readonly TrialConvolution[] = table.flatMap(
  ([size, input, stride, dilation, outputs]) =>
    outputs.map((output) => ({ size, input, output, stride, dilation })),
);

/**
 * Inputs and outputs of the linear layers that it computes: those of heads and predictors.
 *
 * @example
 * trialLinears.some(([input, output]) => input === 2048 && output === 128); // => true
 */
export const trialLinears: readonly (readonly [number, number])[] = [
  [512, 2048],
  [2048, 2048],
  [2048, 128],
  [128, 2048],
  [2048, 512],
  [2048, 4096],
  [4096, 256],
  [256, 256],
];
