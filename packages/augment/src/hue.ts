import type * as tf from '@tensorflow/tfjs-core';
import { assertPerImage } from './internal/per-image.ts';
import { hue } from './internal/planar.ts';
import { onPlanes } from './internal/planes.ts';

/**
 * Turns the hue of every image, through HSV and back; saturation and value stay.
 *
 * Source: torchvision `functional.adjust_hue`.
 *
 * @param images `[batch, height, width, 3]` in [0, 1]
 * @param shifts one per image, in turns of the colour circle, −0.5 to 0.5; 0 leaves an image as it is up to
 * rounding
 * @returns `[batch, height, width, 3]`; the caller disposes it
 * @throws PixconError `invalid-shape`, `invalid-argument`
 *
 * @example
 * adjustHue(images, [0.1, -0.05]); // images: [2, 128, 128, 3]
 */
export function adjustHue(images: tf.Tensor4D, shifts: readonly number[]): tf.Tensor4D {
  assertPerImage('adjustHue', images, 'shifts', shifts, { minimum: -0.5, maximum: 0.5 });
  return onPlanes(images, (planes) => hue(planes, shifts));
}
