import { join } from 'node:path';
import { type ImageDataset, PixconError } from '@pixcon/core';
import sharp from 'sharp';
import { imageFolder } from './image-folder.ts';
import { pairMasks } from './pair-masks.ts';
import { type LabelMap, readLabelMap } from './read-label-map.ts';

/** The images of a folder that have a mask, and their masks as stored. */
export interface LabelledImages extends ImageDataset {
  /** Names of images without a mask. */
  readonly unlabelled: readonly string[];
  maskPath(index: number): string;
  /** @throws PixconError `data` when it cannot be read or has another size than its image */
  labelMap(index: number): Promise<LabelMap>;
}

/** @throws PixconError `data` */
export function labelledImages(
  where: string,
  images: string,
  masks: string,
  maskSuffixes: readonly string[],
): LabelledImages {
  const folder = imageFolder(images);
  const names = Array.from({ length: folder.length }, (_, index) => folder.name(index));
  const pairs = pairMasks(where, names, masks, maskSuffixes);
  const labelled = new Set(pairs.map(({ image }) => image));
  const at = (index: number) => {
    const pair = pairs[index];
    if (pair) return pair;
    throw new PixconError(
      'invalid-argument',
      `${where}: index must be a whole number from 0 to ${pairs.length - 1}, got ${index}`,
    );
  };
  const maskPath = (index: number) => join(masks, at(index).mask);
  return {
    length: pairs.length,
    unlabelled: names.filter((_, index) => !labelled.has(index)),
    name: (index) => names[at(index).image] as string,
    load: async (index) => await folder.load(at(index).image),
    maskPath,
    async labelMap(index) {
      const image = join(images, names[at(index).image] as string);
      const [map, size] = await Promise.all([readLabelMap(where, maskPath(index)), imageSize(where, image)]);
      if (map.width === size.width && map.height === size.height) return map;
      throw new PixconError(
        'data',
        `${where}: a mask must have the size of its image, got ${map.width}×${map.height} in ${maskPath(index)} for ${size.width}×${size.height} in ${image}`,
      );
    },
  };
}

/** From the file's header, its orientation applied. */
async function imageSize(where: string, path: string): Promise<{ width: number; height: number }> {
  try {
    const { autoOrient } = await sharp(path).metadata();
    return autoOrient;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new PixconError('data', `${where}: cannot read ${path}: ${message.split('\n', 1)[0]}`, {
      cause: error,
    });
  }
}

/** `work` for every index, eight at a time, so that a large folder does not fill the memory. */
export async function forEachIndex(length: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < length) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(8, length) }, lane));
}
