import { assertNumber, assertShape, type NumberRange, PixconError } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';

/** `[batch, 1, 1, 1]`, to broadcast over the images of a batch. */
export type PerImage = tf.Tensor4D;

export function perImage(values: readonly number[]): PerImage {
  return tf.tensor4d([...values], [values.length, 1, 1, 1]);
}

export function assertImages(where: string, images: tf.Tensor4D): void {
  assertShape(where, 'images', images, [null, null, null, 3]);
}

/** Checks the batch and its one value per image, before any kernel runs. */
export function assertPerImage(
  where: string,
  images: tf.Tensor4D,
  argument: string,
  values: readonly number[],
  range: NumberRange = {},
): void {
  assertImages(where, images);
  assertCount(where, images, argument, values);
  for (const value of values) assertNumber(where, argument, value, range);
}

export function assertCount(
  where: string,
  images: tf.Tensor4D,
  argument: string,
  values: readonly unknown[],
): void {
  if (values.length === images.shape[0]) return;
  throw new PixconError(
    'invalid-argument',
    `${where}: ${argument} must have one entry per image (${images.shape[0]}), got ${values.length}`,
  );
}
