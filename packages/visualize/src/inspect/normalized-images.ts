import { normalize, resize, resizedCrop } from '@pixcon/augment';
import type { ChannelValues, DecodedImage, ViewGeometry } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import type { Picture } from '../inspection.ts';

export interface PixelStatistics {
  /** Mean of each channel, of pixels in [0, 1]. */
  readonly mean: ChannelValues;
  /** Standard deviation of each channel, of pixels in [0, 1]. */
  readonly standardDeviation: ChannelValues;
}

export interface Size {
  readonly height: number;
  readonly width: number;
}

/** The part of an image that a view shows, at the size given. */
export async function cutPicture(image: DecodedImage, view: ViewGeometry, size: Size): Promise<Picture> {
  const cut = tf.tidy(() => {
    const whole = tf.tensor4d(Float32Array.from(image.data), [1, image.height, image.width, 3]);
    return resizedCrop(whole, [view], size);
  });
  const values = await cut.data();
  cut.dispose();
  // A clamped array rounds as it stores.
  const pixels = new Uint8Array(Uint8ClampedArray.from(values).buffer);
  return { width: size.width, height: size.height, pixels };
}

/** Pictures of one size as a network takes them, `[pictures, height, width, 3]`; the caller disposes it. */
export function normalizedImages(
  pictures: readonly Picture[],
  size: Size,
  { mean, standardDeviation }: PixelStatistics,
): tf.Tensor4D {
  return tf.tidy(() => {
    const batches = pictures.map(({ width, height, pixels }) => {
      const unit = Float32Array.from(pixels, (value) => value / 255);
      const image = tf.tensor4d(unit, [1, height, width, 3]);
      return height === size.height && width === size.width ? image : resize(image, size);
    });
    return normalize(tf.concat(batches), mean, standardDeviation);
  });
}
