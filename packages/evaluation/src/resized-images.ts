import {
  assertNumber,
  type ImageDataset,
  PixconError,
  type SegmentationDataset,
  type SegmentDataset,
} from '@pixcon/core';
import { resizeImage } from './resize-image.ts';

/** An image as a network takes it, but for normalisation. */
export interface ResizedImage {
  /** `[imageSize × imageSize × 3]`, interleaved RGB, rounded to whole numbers as Pillow's are. */
  readonly pixels: Uint8Array;
  /** Of the image before resizing, in pixels; masks have this size. */
  readonly width: number;
  readonly height: number;
}

/** A data set that hands out its images resized to a square. */
export interface ResizedImages extends ImageDataset {
  /** Side of the square in pixels. */
  readonly imageSize: number;
  resized(index: number): Promise<ResizedImage>;
}

export interface KeepResizedOptions {
  /** Side of the square that images are resized to, in pixels. */
  readonly imageSize: number;
  /** Memory for images and masks; what exceeds it is decoded again each time. Default 1024. */
  readonly maximumMegabytes?: number;
}

/**
 * The same data set, whose resized images, masks and segments stay in memory once they were decoded: for scoring
 * several networks on the same images.
 *
 * @throws PixconError `invalid-argument`
 *
 * @example
 * const kept = keepResized(dataset, { imageSize: 128 });
 * (await kept.resized(0)).pixels; // => Uint8Array of 128 × 128 × 3
 */
export function keepResized<D extends ImageDataset & Partial<SegmentationDataset & SegmentDataset>>(
  dataset: D,
  options: KeepResizedOptions,
): D & ResizedImages {
  const { imageSize, maximumMegabytes = 1024 } = options;
  assertNumber('keepResized', 'imageSize', imageSize, { minimum: 1, integer: true });
  assertNumber('keepResized', 'maximumMegabytes', maximumMegabytes, { minimum: 0 });
  const budget = { bytes: maximumMegabytes * 2 ** 20 };
  const { mask, segments } = dataset;
  return {
    ...dataset,
    imageSize,
    resized: keep(
      budget,
      (index) => resized(dataset, index, imageSize),
      ({ pixels }) => pixels.length,
    ),
    ...(mask && {
      mask: keep(
        budget,
        (index) => mask.call(dataset, index),
        ({ byteLength }) => byteLength,
      ),
    }),
    ...(segments && {
      segments: keep(
        budget,
        (index) => segments.call(dataset, index),
        ({ byteLength }) => byteLength,
      ),
    }),
  };
}

/** Image `index` resized to `size` × `size`; from memory where the data set keeps it in that size. */
export async function resized(
  dataset: ImageDataset & Partial<ResizedImages>,
  index: number,
  size: number,
): Promise<ResizedImage> {
  if (dataset.resized && dataset.imageSize === size) return await dataset.resized(index);
  const image = await dataset.load(index);
  const { width, height } = image;
  if (image.data.length !== width * height * 3) {
    throw new PixconError(
      'data',
      `${dataset.name(index)}: an RGB image of ${width}×${height} has ${width * height * 3} bytes, got ${image.data.length}`,
    );
  }
  return { pixels: rounded(resizeImage(image, size, size)), width, height };
}

/** Values in [0, 255]. */
export function rounded(values: Float32Array): Uint8Array {
  const result = new Uint8Array(values.length);
  for (let at = 0; at < values.length; at++) result[at] = (values[at] as number) + 0.5;
  return result;
}

/** `load` by index, remembering what fits into the budget. */
export function keep<T>(
  budget: { bytes: number },
  load: (index: number) => Promise<T>,
  sizeOf: (value: T) => number,
): (index: number) => Promise<T> {
  const kept = new Map<number, T>();
  return async (index) => {
    const known = kept.get(index);
    if (known !== undefined) return known;
    const value = await load(index);
    const size = sizeOf(value);
    if (size <= budget.bytes && !kept.has(index)) {
      budget.bytes -= size;
      kept.set(index, value);
    }
    return value;
  };
}
