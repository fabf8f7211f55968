import type * as tf from '@tensorflow/tfjs-core';
import { assertPerImage } from './internal/per-image.ts';
import { saturation } from './internal/planar.ts';
import { onPlanes } from './internal/planes.ts';

/**
 * Blends every pixel with its own grey g: `clip(factor · x + (1 − factor) · g, 0, 1)`, where
 * g = 0.2989 red + 0.587 green + 0.114 blue.
 *
 * Source: torchvision `functional.adjust_saturation`.
 *
 * @param images `[batch, height, width, 3]` in [0, 1]
 * @param factors one per image, not negative; 1 leaves an image as it is, 0 makes it grey
 * @returns `[batch, height, width, 3]`; the caller disposes it
 * @throws PixconError `invalid-shape`, `invalid-argument`
 *
 * @example
 * adjustSaturation(images, [1.4, 0]); // images: [2, 128, 128, 3]
 */
export function adjustSaturation(images: tf.Tensor4D, factors: readonly number[]): tf.Tensor4D {
  assertPerImage('adjustSaturation', images, 'factors', factors, { minimum: 0 });
  return onPlanes(images, (planes) => saturation(planes, factors));
}
