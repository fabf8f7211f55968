import * as tf from '@tensorflow/tfjs-core';
import { assertCount, assertImages } from './internal/per-image.ts';

/**
 * Mirrors the chosen images left to right, bit for bit.
 *
 * Source: torchvision `functional.hflip`.
 *
 * @param images `[batch, height, width, 3]`
 * @param mask one per image: true mirrors it, false leaves it as it is
 * @returns `[batch, height, width, 3]`; the caller disposes it
 * @throws PixconError `invalid-shape`, `invalid-argument`
 *
 * @example
 * flipHorizontal(images, [true, false]); // images: [2, 128, 128, 3]
 */
export function flipHorizontal(images: tf.Tensor4D, mask: readonly boolean[]): tf.Tensor4D {
  assertImages('flipHorizontal', images);
  assertCount('flipHorizontal', images, 'mask', mask);
  const batch = images.shape[0];
  return tf.tidy(() => {
    const both = tf.concat([images, tf.reverse(images, 2)], 0);
    const rows = mask.map((flipped, image) => (flipped ? batch + image : image));
    return tf.gather(both, tf.tensor1d(rows, 'int32'), 0);
  });
}
