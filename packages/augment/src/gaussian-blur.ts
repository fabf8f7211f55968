import { assertNumber, PixconError } from '@pixcon/core';
import type * as tf from '@tensorflow/tfjs-core';
import { blur } from './internal/blur.ts';
import { assertPerImage } from './internal/per-image.ts';
import { onPlanes } from './internal/planes.ts';

export interface GaussianBlurOptions {
  /**
   * Taps of the kernel in each direction, odd. Default `blurKernelSize(Math.min(height, width))`: 23 for 224
   * pixels.
   */
  readonly kernelSize?: number;
}

/**
 * Blurs every image with a Gaussian of its own, `exp(−½ (x / sigma)²)` on `kernelSize` taps, borders reflected.
 * A whole batch is two matrix products with per-image banded matrices; on WASM two depthwise convolutions.
 *
 * Source: torchvision `functional.gaussian_blur`.
 *
 * @param images `[batch, height, width, 3]`
 * @param sigmas one per image, in pixels; 0 leaves an image as it is
 * @returns `[batch, height, width, 3]`; the caller disposes it
 * @throws PixconError `invalid-shape`, `invalid-argument` (also for a kernel that reaches past the reflection:
 * more than 2 · min(height, width) − 1)
 *
 * @example
 * gaussianBlur(images, [1.5, 0]); // images: [2, 128, 128, 3]; the second stays
 */
export function gaussianBlur(
  images: tf.Tensor4D,
  sigmas: readonly number[],
  options: GaussianBlurOptions = {},
): tf.Tensor4D {
  assertPerImage('gaussianBlur', images, 'sigmas', sigmas, { minimum: 0 });
  const [, height, width] = images.shape;
  const kernelSize = resolveKernelSize('gaussianBlur', height, width, options.kernelSize);
  return onPlanes(images, (planes) => blur(planes, sigmas, kernelSize));
}

/**
 * The kernel for images of `size` pixels: about a tenth of the size, odd. 23 for 224 pixels, 13 for 128, 9 for
 * 96, 3 for 32.
 *
 * Source: SimCLR's `kernel_size = image_size // 10`, with `2 · (kernel_size // 2) + 1` taps.
 *
 * @example
 * blurKernelSize(224); // => 23
 */
export function blurKernelSize(size: number): number {
  return 2 * Math.floor(Math.floor(size / 10) / 2) + 1;
}

/** The given kernel size, checked, or the default. */
export function resolveKernelSize(
  where: string,
  height: number,
  width: number,
  kernelSize: number | undefined,
): number {
  const shorter = Math.min(height, width);
  if (kernelSize === undefined) return blurKernelSize(shorter);
  assertNumber(where, 'kernelSize', kernelSize, { minimum: 1, maximum: 2 * shorter - 1, integer: true });
  if (kernelSize % 2 === 1) return kernelSize;
  throw new PixconError('invalid-argument', `${where}: kernelSize must be odd, got ${kernelSize}`);
}
