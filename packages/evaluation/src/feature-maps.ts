import {
  assertFeatureMap,
  assertNumber,
  assertOneOf,
  type Backbone,
  type ChannelValues,
  type FeatureStage,
  type Grid,
  type ImageDataset,
  imagenetMean,
  imagenetStandardDeviation,
} from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { assertFiniteFeatures } from './assert-finite.ts';
import type { FrozenNetwork } from './frozen-network.ts';
import { type ResizedImage, resized } from './resized-images.ts';

/** How images become features. */
export interface FeatureOptions {
  /** Side of the square that images are resized to, in pixels. Default 224. */
  readonly imageSize?: number;
  /** The backbone's stage to take features from. Default: the last. */
  readonly stage?: string;
  /** Images per forward pass. Default 16. */
  readonly batchSize?: number;
  /** Mean of each channel, of pixels in [0, 1]. Default ImageNet's. */
  readonly mean?: ChannelValues;
  /** Standard deviation of each channel, of pixels in [0, 1]. Default ImageNet's. */
  readonly standardDeviation?: ChannelValues;
}

export interface ResolvedFeatureOptions extends Required<FeatureOptions> {
  /** Of the stage. */
  readonly channels: number;
}

/** @throws PixconError `invalid-argument` for an option out of range */
export function resolveFeatureOptions(
  where: string,
  backbone: Backbone,
  options: FeatureOptions,
): ResolvedFeatureOptions {
  const {
    imageSize = 224,
    stage = backbone.stages.at(-1)?.name ?? '',
    batchSize = 16,
    mean = imagenetMean,
    standardDeviation = imagenetStandardDeviation,
  } = options;
  assertNumber(where, 'imageSize', imageSize, { minimum: 1, integer: true });
  assertNumber(where, 'batchSize', batchSize, { minimum: 1, integer: true });
  for (const deviation of standardDeviation) {
    assertNumber(where, 'standardDeviation', deviation, { minimum: 0, exclusiveMinimum: true });
  }
  const names = backbone.stages.map(({ name }) => name);
  assertOneOf(where, 'stage', stage, names);
  const { channels } = backbone.stages[names.indexOf(stage)] as FeatureStage;
  return { imageSize, stage, batchSize, mean, standardDeviation, channels };
}

/** Images of a data set as one batch. */
export interface ImageBatch {
  readonly indices: readonly number[];
  readonly images: readonly ResizedImage[];
}

/** The images of `indices` in batches; the next is decoded while the consumer works. */
async function* imageBatches(
  dataset: ImageDataset,
  indices: readonly number[],
  { imageSize, batchSize }: Pick<ResolvedFeatureOptions, 'imageSize' | 'batchSize'>,
): AsyncGenerator<ImageBatch, void, undefined> {
  const load = async (start: number): Promise<ImageBatch> => {
    const chosen = indices.slice(start, start + batchSize);
    return {
      indices: chosen,
      images: await Promise.all(chosen.map((index) => resized(dataset, index, imageSize))),
    };
  };
  let next = load(0);
  for (let start = 0; start < indices.length; start += batchSize) {
    const batch = await next;
    next = load(start + batchSize);
    // A failure is reported when its turn comes; until then it must not count as unhandled.
    next.catch(() => undefined);
    yield batch;
  }
}

/** Normalised pixels, `[count, imageSize, imageSize, 3]`. */
export function imageTensor(
  pixels: readonly Uint8Array[],
  { imageSize, mean, standardDeviation }: ResolvedFeatureOptions,
): tf.Tensor4D {
  const stride = imageSize * imageSize * 3;
  const values = new Float32Array(pixels.length * stride);
  for (const [image, bytes] of pixels.entries()) {
    const start = image * stride;
    for (let at = 0; at < stride; at += 3) {
      values[start + at] = ((bytes[at] as number) / 255 - mean[0]) / standardDeviation[0];
      values[start + at + 1] = ((bytes[at + 1] as number) / 255 - mean[1]) / standardDeviation[1];
      values[start + at + 2] = ((bytes[at + 2] as number) / 255 - mean[2]) / standardDeviation[2];
    }
  }
  return tf.tensor4d(values, [pixels.length, imageSize, imageSize, 3]);
}

/** The images of `indices` as normalised tensors, which the consumer disposes. */
export async function* tensorBatches(
  dataset: ImageDataset,
  indices: readonly number[],
  options: ResolvedFeatureOptions,
): AsyncGenerator<tf.Tensor4D, void, undefined> {
  for await (const { images } of imageBatches(dataset, indices, options)) {
    yield imageTensor(
      images.map(({ pixels }) => pixels),
      options,
    );
  }
}

/** Features of one image on the host. */
export interface HostFeatures {
  /** The data set's index. */
  readonly index: number;
  readonly image: ResizedImage;
  /** `[cells, channels]`, cells row by row; a view that the next batch does not change. */
  readonly features: Float32Array;
  readonly grid: Grid;
}

/**
 * Calls `visit` with the features of each image in turn.
 *
 * @param transform of the stage's feature map `[batch, height, width, channels]`, on the device
 * @throws PixconError `numerical` for features that are not finite, naming the image
 */
export async function forEachImage(
  backbone: Backbone,
  network: FrozenNetwork,
  dataset: ImageDataset,
  indices: readonly number[],
  options: ResolvedFeatureOptions,
  transform: (map: tf.Tensor4D) => tf.Tensor4D,
  visit: (features: HostFeatures) => void | Promise<void>,
): Promise<void> {
  const { where, parameters, training } = network;
  for await (const batch of imageBatches(dataset, indices, options)) {
    const maps = tf.tidy(() => {
      const images = imageTensor(
        batch.images.map(({ pixels }) => pixels),
        options,
      );
      const [map] = backbone.features(parameters, images, [options.stage], { training });
      assertFeatureMap(backbone, map, batch.images.length, options.stage);
      return transform(map as tf.Tensor4D);
    });
    const [, height, width, channels] = maps.shape;
    const values = await maps.data<'float32'>();
    maps.dispose();
    const stride = height * width * channels;
    for (const [position, index] of batch.indices.entries()) {
      const features = values.subarray(position * stride, (position + 1) * stride);
      assertFiniteFeatures(where, features, `${dataset.name(index)} at stage ${options.stage}`);
      await visit({
        index,
        image: batch.images[position] as ResizedImage,
        features,
        grid: { height, width },
      });
    }
  }
}

export function allIndices({ length }: ImageDataset): number[] {
  return Array.from({ length }, (_, index) => index);
}
