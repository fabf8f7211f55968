import type * as tf from '@tensorflow/tfjs-core';
import { assertCount, assertImages } from './internal/per-image.ts';
import { saturation } from './internal/planar.ts';
import { onPlanes } from './internal/planes.ts';

/**
 * Makes the chosen images grey, `0.2989 red + 0.587 green + 0.114 blue` in all three channels.
 *
 * Source: torchvision `functional.rgb_to_grayscale`.
 *
 * @param images `[batch, height, width, 3]` in [0, 1]
 * @param mask one per image: true makes it grey, false leaves it as it is
 * @returns `[batch, height, width, 3]`; the caller disposes it
 * @throws PixconError `invalid-shape`, `invalid-argument`
 *
 * @example
 * toGrayscale(images, [true, false]); // images: [2, 128, 128, 3]
 */
export function toGrayscale(images: tf.Tensor4D, mask: readonly boolean[]): tf.Tensor4D {
  assertImages('toGrayscale', images);
  assertCount('toGrayscale', images, 'mask', mask);
  return onPlanes(images, (planes) =>
    saturation(
      planes,
      mask.map((gray) => (gray ? 0 : 1)),
    ),
  );
}
