import * as tf from '@tensorflow/tfjs-core';
import { assertPerImage, perImage } from './internal/per-image.ts';
import { solarize as solarizePlanes } from './internal/planar.ts';

/**
 * Inverts every value at or above its image's threshold: `x ≥ threshold ? 1 − x : x`.
 *
 * Source: torchvision `functional.solarize`.
 *
 * @param images `[batch, height, width, 3]` in [0, 1]
 * @param thresholds one per image; above 1 leaves an image as it is
 * @returns `[batch, height, width, 3]`; the caller disposes it
 * @throws PixconError `invalid-shape`, `invalid-argument`
 *
 * @example
 * solarize(images, [128 / 255, 2]); // images: [2, 128, 128, 3]; the second stays
 */
export function solarize(images: tf.Tensor4D, thresholds: readonly number[]): tf.Tensor4D {
  assertPerImage('solarize', images, 'thresholds', thresholds);
  return tf.tidy(() => solarizePlanes(images, perImage(thresholds)));
}
