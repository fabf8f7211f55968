import type { TwoCropOptions } from '@pixcon/augment';
import {
  assertNumber,
  type DecodedImage,
  type ImageDataset,
  PixconError,
  type RandomStream,
  type ViewGeometry,
} from '@pixcon/core';
import type { InspectedPair, InspectedView } from '../inspection.ts';
import { cutPicture } from './normalized-images.ts';
import { tellingCrops } from './telling-crops.ts';

export interface InspectedPairsOptions {
  /** Draws the photos and their crops; it is only forked. */
  readonly random: RandomStream;
  /** Photos, at most as many as the data set has. Default 4. */
  readonly count?: number;
  /** How the run draws its crops. Default: as `sampleTwoCrops`. */
  readonly crops?: TwoCropOptions;
  /** Side of the views in pixels: large enough to be looked at, whatever the network gets. Default 256. */
  readonly viewSize?: number;
  /** Longest side of a whole photo's picture in pixels; smaller photos are not enlarged. Default 480. */
  readonly photoSize?: number;
}

/** Draws of a photo before its place stays empty: others near it are tried where one cannot be read. */
const photoAttempts = 10;
/**
 * Chooses photos for the pictures of a run, spread evenly over the data set, and cuts the two views of each by
 * the run's own rule, without photometric operations; of many draws, one that overlaps in part and shows something
 * in the overlap. The same seed and data set give the same pairs. Photos
 * that cannot be read are replaced by others.
 *
 * @returns at most `count` pairs; fewer where photos cannot be read
 * @throws PixconError `invalid-argument` for an option out of range; what `dataset.load` throws beside `data`
 * @example
 * const random = new RandomStream(0);
 * const pairs = await inspectedPairs(imageFolder('photos'), { random });
 * pairs[0]?.views[0].width; // => 256
 */
export async function inspectedPairs(
  dataset: ImageDataset,
  options: InspectedPairsOptions,
): Promise<InspectedPair[]> {
  const { random, count = 4, crops = {}, viewSize = 256, photoSize = 480 } = options;
  assertNumber('inspectedPairs', 'count', count, { minimum: 0, integer: true });
  assertNumber('inspectedPairs', 'viewSize', viewSize, { minimum: 1, integer: true });
  assertNumber('inspectedPairs', 'photoSize', photoSize, { minimum: 1, integer: true });
  const wanted = Math.min(count, dataset.length);
  const pairs: InspectedPair[] = [];
  for (let place = 0; place < wanted; place++) {
    const first = Math.floor((place * dataset.length) / wanted);
    const end = Math.floor(((place + 1) * dataset.length) / wanted);
    const stream = random.fork('pair', place);
    const found = await firstReadable(dataset, drawOrder(first, end, stream));
    if (!found) continue;
    const { name, image } = found;
    const geometry = tellingCrops(image, stream, crops);
    const view = async (crop: ViewGeometry): Promise<InspectedView> => ({
      ...(await cutPicture(image, crop, { height: viewSize, width: viewSize })),
      geometry: crop,
    });
    const views = [await view(geometry[0]), await view(geometry[1])] as const;
    const source = { width: image.width, height: image.height };
    pairs.push({ name, source, photo: await wholePhoto(image, photoSize), views });
  }
  return pairs;
}

/** A few indices of [first, end), each once, in random order. */
function drawOrder(first: number, end: number, random: RandomStream): number[] {
  const drawn = new Set<number>();
  const stream = random.fork('photo');
  // More draws than attempts: some repeat.
  for (let draw = 0; draw < 4 * photoAttempts && drawn.size < photoAttempts; draw++) {
    drawn.add(stream.integer(first, end));
  }
  return [...drawn];
}

async function firstReadable(
  dataset: ImageDataset,
  indices: readonly number[],
): Promise<{ readonly name: string; readonly image: DecodedImage } | undefined> {
  for (const index of indices) {
    try {
      return { name: dataset.name(index), image: await dataset.load(index) };
    } catch (error) {
      if (!(PixconError.isInstance(error) && error.code === 'data')) throw error;
    }
  }
  return undefined;
}

function wholePhoto(image: DecodedImage, longest: number): ReturnType<typeof cutPicture> {
  const scale = Math.min(1, longest / Math.max(image.width, image.height));
  const size = {
    height: Math.max(1, Math.round(scale * image.height)),
    width: Math.max(1, Math.round(scale * image.width)),
  };
  const box = { x0: 0, y0: 0, x1: image.width, y1: image.height };
  return cutPicture(image, { box, flipped: false }, size);
}
