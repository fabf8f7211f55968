import { sampleTwoCrops, type TwoCropOptions } from '@pixcon/augment';
import {
  assertNumber,
  type DecodedImage,
  type Grid,
  RandomStream,
  type SegmentDataset,
  type ViewGeometry,
} from '@pixcon/core';
import { cellSegments } from './cell-segments.ts';
import { resizeImage } from './resize-image.ts';
import { keep, rounded } from './resized-images.ts';
import { evenly } from './split.ts';

export interface SegmentedView {
  /** `[imageSize × imageSize × 3]`, interleaved RGB. */
  readonly pixels: Uint8Array;
  readonly geometry: ViewGeometry;
  /** The majority segment of each cell; 0 is void. */
  segments(grid: Grid): Int32Array;
}

/** Query view and key view of an image. */
export type SegmentedPair = readonly [SegmentedView, SegmentedView];

/** Pairs of crops of segmented images, always the same ones. */
export interface SegmentedPairs {
  /** Images. */
  readonly length: number;
  /** Of the images, by their place here: with a limit, not all of the data set's. */
  readonly names: readonly string[];
  readonly imageSize: number;
  readonly pairsPerImage: number;
  /** What the pairs follow from, for the record. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The pairs of image `index`. */
  pairs(index: number): Promise<readonly SegmentedPair[]>;
}

export interface SegmentedPairsOptions {
  /** Side of the square views in pixels. Default 224. */
  readonly imageSize?: number;
  /** Default 4. */
  readonly pairsPerImage?: number;
  /** How crops are drawn. Default those of the BYOL recipe: 8 to 100 % of the area. */
  readonly crops?: TwoCropOptions;
  /** Every crop follows from it and the image's name. Default 0. */
  readonly seed?: number;
  /** At most so many images, evenly spaced. Default all. */
  readonly limit?: number;
  /** Memory for views; what exceeds it is made again each time. Default 1024. */
  readonly maximumMegabytes?: number;
}

/**
 * Draws pairs of overlapping crops as in training, without any change of colour: what is asked is whether features
 * know their segment, not whether they survive solarization. Pairs are made once and kept in memory, for several
 * networks to be scored on them.
 *
 * @throws PixconError `invalid-argument` for an option out of range
 *
 * @example
 * const pairs = segmentedPairs(segmentFolder('coco/val2017', 'coco/panoptic_val2017'), { imageSize: 128 });
 * const [query, key] = (await pairs.pairs(0))[0];
 * query.segments({ height: 4, width: 4 }); // => Int32Array of 16 ids
 */
export function segmentedPairs(dataset: SegmentDataset, options: SegmentedPairsOptions = {}): SegmentedPairs {
  const { imageSize = 224, pairsPerImage = 4, crops = {}, seed = 0, maximumMegabytes = 1024 } = options;
  const { limit = Number.POSITIVE_INFINITY } = options;
  assertNumber('segmentedPairs', 'imageSize', imageSize, { minimum: 1, integer: true });
  assertNumber('segmentedPairs', 'pairsPerImage', pairsPerImage, { minimum: 1, integer: true });
  const indices = evenly(
    Array.from({ length: dataset.length }, (_, index) => index),
    limit,
  );
  const random = new RandomStream(seed);
  const make = async (at: number): Promise<MadePairs> => {
    const index = indices[at] as number;
    const [image, segments] = await Promise.all([dataset.load(index), dataset.segments(index)]);
    const ofImage = random.fork('match consistency', dataset.name(index));
    const view = (geometry: ViewGeometry) =>
      segmentedView(cutOut(image, geometry, imageSize), segments, image, geometry);
    const made = Array.from({ length: pairsPerImage }, (_, pair): SegmentedPair => {
      const [query, key] = sampleTwoCrops(image.width, image.height, ofImage.fork(pair), crops);
      return [view(query), view(key)];
    });
    return { pairs: made, segmentBytes: segments.byteLength };
  };
  // A view keeps its image's segments at hand, which all views of the image share; the image itself goes.
  const sizeOf = (made: MadePairs) => made.pairs.length * 2 * imageSize * imageSize * 3 + made.segmentBytes;
  const kept = keep({ bytes: maximumMegabytes * 2 ** 20 }, make, sizeOf);
  return {
    length: indices.length,
    names: indices.map((index) => dataset.name(index)),
    imageSize,
    pairsPerImage,
    settings: { imageSize, pairsPerImage, crops, seed },
    pairs: async (at) => (await kept(at)).pairs,
  };
}

interface MadePairs {
  readonly pairs: readonly SegmentedPair[];
  /** Of the image's segments. */
  readonly segmentBytes: number;
}

function segmentedView(
  pixels: Uint8Array,
  segments: Int32Array,
  { width, height }: Grid,
  geometry: ViewGeometry,
): SegmentedView {
  const byGrid = new Map<string, Int32Array>();
  return {
    pixels,
    geometry,
    segments(grid) {
      const key = `${grid.height}×${grid.width}`;
      const ids = byGrid.get(key) ?? cellSegments(segments, { width, height }, geometry, grid);
      byGrid.set(key, ids);
      return ids;
    },
  };
}

/** The crop, resized as in training, then mirrored. */
function cutOut({ data, width }: DecodedImage, { box, flipped }: ViewGeometry, size: number): Uint8Array {
  const line = (box.x1 - box.x0) * 3;
  const crop = new Uint8Array(line * (box.y1 - box.y0));
  for (let y = box.y0; y < box.y1; y++) {
    const start = (y * width + box.x0) * 3;
    crop.set(data.subarray(start, start + line), (y - box.y0) * line);
  }
  const cut = { data: crop, width: box.x1 - box.x0, height: box.y1 - box.y0 };
  const pixels = rounded(resizeImage(cut, size, size));
  if (!flipped) return pixels;
  const mirrored = new Uint8Array(pixels.length);
  for (let pixel = 0; pixel < size * size; pixel++) {
    const row = Math.floor(pixel / size) * size;
    const from = (row + size - 1 - (pixel - row)) * 3;
    mirrored.set(pixels.subarray(from, from + 3), pixel * 3);
  }
  return mirrored;
}
