import { assertNumber, type ChannelValues, PixconError } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { assertImages } from './internal/per-image.ts';

/**
 * `(x − mean) / standardDeviation`, per channel.
 *
 * Source: torchvision `functional.normalize`.
 *
 * @param images `[batch, height, width, 3]`
 * @returns `[batch, height, width, 3]`; the caller disposes it
 * @throws PixconError `invalid-shape`, `invalid-argument` for a standard deviation that is not positive
 *
 * @example
 * normalize(images, imagenetMean, imagenetStandardDeviation); // images: [2, 128, 128, 3]
 */
export function normalize(
  images: tf.Tensor4D,
  mean: ChannelValues,
  standardDeviation: ChannelValues,
): tf.Tensor4D {
  assertImages('normalize', images);
  assertChannelValues('normalize', mean, standardDeviation);
  return tf.tidy(() => tf.div(tf.sub(images, tf.tensor1d([...mean])), tf.tensor1d([...standardDeviation])));
}

export function assertChannelValues(
  where: string,
  mean: ChannelValues,
  standardDeviation: ChannelValues,
): void {
  if (mean.length !== 3 || standardDeviation.length !== 3) {
    throw new PixconError(
      'invalid-argument',
      `${where}: mean and standardDeviation must have 3 values, got ${mean.length} and ${standardDeviation.length}`,
    );
  }
  for (const value of mean) assertNumber(where, 'mean', value);
  for (const value of standardDeviation) {
    assertNumber(where, 'standardDeviation', value, { minimum: 0, exclusiveMinimum: true });
  }
}
