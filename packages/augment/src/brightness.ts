import * as tf from '@tensorflow/tfjs-core';
import { assertPerImage, perImage } from './internal/per-image.ts';
import { brightness } from './internal/planar.ts';

/**
 * Multiplies every image by its factor and clips: `clip(factor · x, 0, 1)`.
 *
 * Source: torchvision `functional.adjust_brightness`.
 *
 * @param images `[batch, height, width, 3]` in [0, 1]
 * @param factors one per image, not negative; 1 leaves an image as it is
 * @returns `[batch, height, width, 3]`; the caller disposes it
 * @throws PixconError `invalid-shape`, `invalid-argument`
 *
 * @example
 * adjustBrightness(images, [1.3, 0.8]); // images: [2, 128, 128, 3]
 */
export function adjustBrightness(images: tf.Tensor4D, factors: readonly number[]): tf.Tensor4D {
  assertPerImage('adjustBrightness', images, 'factors', factors, { minimum: 0 });
  return tf.tidy(() => brightness(images, perImage(factors)));
}
