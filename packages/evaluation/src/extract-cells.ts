import {
  assertNumber,
  assertOneOf,
  type Backbone,
  type ChannelValues,
  type DecodedImage,
  imagenetMean,
  imagenetStandardDeviation,
  type Parameters,
  PixconError,
  type SegmentationDataset,
} from '@pixcon/core';
import { l2Normalize } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';
import { cellLabels, voidClass } from './cell-labels.ts';
import type { LabelledCells } from './labelled-cells.ts';
import { resizeImage } from './resize-image.ts';

export interface ExtractCellsOptions {
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
  /** Which images of the data set. Default all. */
  readonly indices?: readonly number[];
  /**
   * What batch normalization uses: the `running` statistics (default) or those of the `batch`, for a network
   * too young to have good running ones. The parameters' running statistics never change.
   */
  readonly statistics?: 'running' | 'batch';
}

/**
 * Frozen features of every labelled cell: images go through `backbone`, each cell of the stage's feature map is
 * L2-normalised and gets the majority class of the mask's pixels it covers. Cells whose majority is void are
 * dropped.
 *
 * @param parameters the backbone's, by its own names: `scoped(state.online, method.backbonePrefix)` of a method
 * @throws PixconError `invalid-argument` for an option out of range; what `dataset` throws for an unreadable image
 *
 * @example
 * const backbone = resnet18();
 * const parameters = ParameterSet.create(backbone.parameters, new RandomStream(0));
 * const cells = await extractCells(backbone, parameters, dataset, { imageSize: 128 });
 * cells.features.length === cells.labels.length * cells.dim; // => true
 */
export async function extractCells(
  backbone: Backbone,
  parameters: Parameters,
  dataset: SegmentationDataset,
  options: ExtractCellsOptions = {},
): Promise<LabelledCells> {
  const {
    imageSize = 224,
    stage = backbone.stages.at(-1)?.name ?? '',
    batchSize = 16,
    mean = imagenetMean,
    standardDeviation = imagenetStandardDeviation,
    indices = Array.from({ length: dataset.length }, (_, index) => index),
    statistics = 'running',
  } = options;
  assertNumber('extractCells', 'imageSize', imageSize, { minimum: 1, integer: true });
  assertNumber('extractCells', 'batchSize', batchSize, { minimum: 1, integer: true });
  assertOneOf('extractCells', 'statistics', statistics, ['running', 'batch']);
  for (const deviation of standardDeviation) {
    assertNumber('extractCells', 'standardDeviation', deviation, { minimum: 0, exclusiveMinimum: true });
  }
  const dim = backbone.stages.find(({ name }) => name === stage)?.channels;
  if (dim === undefined) {
    const names = backbone.stages.map(({ name }) => name).join(', ');
    throw new PixconError('invalid-argument', `extractCells: stage must be one of ${names}, got ${stage}`);
  }
  const training = statistics === 'batch';
  const buffers = training ? copyBuffers(backbone, parameters) : new Map<string, tf.Variable>();
  // A forward pass in training mode moves the running statistics: it gets copies of them.
  const frozen: Parameters = { get: (name) => buffers.get(name) ?? parameters.get(name) };
  const batches: LabelledCells[] = [];
  try {
    for (let start = 0; start < indices.length; start += batchSize) {
      const chosen = indices.slice(start, start + batchSize);
      const pictures = await Promise.all(chosen.map((index) => loadPicture(dataset, index)));
      const pixels = normalizedPixels(pictures, imageSize, mean, standardDeviation);
      const maps = tf.tidy(() => {
        const images = tf.tensor4d(pixels, [chosen.length, imageSize, imageSize, 3]);
        const [map] = backbone.features(frozen, images, [stage], { training });
        return l2Normalize(map as tf.Tensor4D);
      });
      const [, height, width] = maps.shape;
      const features = await maps.data<'float32'>();
      maps.dispose();
      const cellsPerImage = height * width;
      for (const [position, { index, image, mask }] of pictures.entries()) {
        const labels = cellLabels(mask, image, { height, width });
        const ofImage = features.subarray(
          position * cellsPerImage * dim,
          (position + 1) * cellsPerImage * dim,
        );
        batches.push(labelledOnly(ofImage, dim, labels, index));
      }
    }
  } finally {
    for (const buffer of buffers.values()) buffer.dispose();
  }
  return joinCells(batches, dim);
}

interface Picture {
  readonly index: number;
  readonly image: DecodedImage;
  readonly mask: Uint8Array;
}

async function loadPicture(dataset: SegmentationDataset, index: number): Promise<Picture> {
  const [image, mask] = await Promise.all([dataset.load(index), dataset.mask(index)]);
  return { index, image, mask };
}

/** `[pictures, size, size, 3]`. */
function normalizedPixels(
  pictures: readonly Picture[],
  size: number,
  mean: readonly number[],
  standardDeviation: readonly number[],
): Float32Array {
  const pixels = new Float32Array(pictures.length * size * size * 3);
  let at = 0;
  for (const { image } of pictures) {
    for (const value of resizeImage(image, size, size)) {
      const channel = at % 3;
      pixels[at++] = (value / 255 - (mean[channel] as number)) / (standardDeviation[channel] as number);
    }
  }
  return pixels;
}

function copyBuffers(backbone: Backbone, parameters: Parameters): Map<string, tf.Variable> {
  const copies = new Map<string, tf.Variable>();
  for (const { name, role } of backbone.parameters) {
    if (role !== 'buffer') continue;
    copies.set(
      name,
      tf.tidy(() => tf.variable(tf.clone(parameters.get(name)), false)),
    );
  }
  return copies;
}

function labelledOnly(features: Float32Array, dim: number, labels: Uint8Array, image: number): LabelledCells {
  const kept = [...labels.keys()].filter((cell) => labels[cell] !== voidClass);
  const result = new Float32Array(kept.length * dim);
  for (const [row, cell] of kept.entries()) {
    result.set(features.subarray(cell * dim, (cell + 1) * dim), row * dim);
  }
  return {
    features: result,
    dim,
    labels: Uint8Array.from(kept, (cell) => labels[cell] as number),
    images: new Int32Array(kept.length).fill(image),
  };
}

function joinCells(parts: readonly LabelledCells[], dim: number): LabelledCells {
  const count = parts.reduce((sum, part) => sum + part.labels.length, 0);
  const features = new Float32Array(count * dim);
  const labels = new Uint8Array(count);
  const images = new Int32Array(count);
  let row = 0;
  for (const part of parts) {
    features.set(part.features, row * dim);
    labels.set(part.labels, row);
    images.set(part.images, row);
    row += part.labels.length;
  }
  return { features, dim, labels, images };
}
