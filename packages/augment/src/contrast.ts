import type * as tf from '@tensorflow/tfjs-core';
import { assertPerImage, perImage } from './internal/per-image.ts';
import { contrast } from './internal/planar.ts';
import { onPlanes } from './internal/planes.ts';

/**
 * Blends every image with the mean m of its own grey: `clip(factor · x + (1 − factor) · m, 0, 1)`.
 *
 * Source: torchvision `functional.adjust_contrast`.
 *
 * @param images `[batch, height, width, 3]` in [0, 1]
 * @param factors one per image, not negative; 1 leaves an image as it is, 0 makes it its mean grey
 * @returns `[batch, height, width, 3]`; the caller disposes it
 * @throws PixconError `invalid-shape`, `invalid-argument`
 *
 * @example
 * adjustContrast(images, [0.7, 1.2]); // images: [2, 128, 128, 3]
 */
export function adjustContrast(images: tf.Tensor4D, factors: readonly number[]): tf.Tensor4D {
  assertPerImage('adjustContrast', images, 'factors', factors, { minimum: 0 });
  return onPlanes(images, (planes) => contrast(planes, perImage(factors)));
}
