import type { DecodedImage, ImageDataset } from '@pixcon/core';
import { syntheticScenes } from '@pixcon/datasets/synthetic';
import type { Source } from '../protocol.ts';
import { decodePhoto } from './decode-photo.ts';

/** Images whose longest side is at most `side`. */
export interface LabImages {
  readonly dataset: ImageDataset;
  readonly side: number;
}

const sceneSide = 128;
const keptBytes = 256 * 2 ** 20;

/** The images of a run, decoded on demand and kept while there is room. */
export function openImages(source: Source, viewSize: number): LabImages {
  if (source.kind === 'scenes') {
    // Drawn from a seed: nothing to download, and no licence to mind.
    return { dataset: remember(syntheticScenes({ count: 512, size: sceneSide })), side: sceneSide };
  }
  const side = Math.min(320, Math.max(128, 2 * viewSize));
  return { dataset: remember(photos(source.files, side)), side };
}

/** The number of images, and a number (FNV-1a) that other names give another one of. */
export function describeImages({ dataset }: LabImages): { readonly count: number; readonly names: number } {
  let hash = 0x811c9dc5;
  for (let index = 0; index < dataset.length; index++) {
    for (const character of `${dataset.name(index)}\n`) {
      hash = Math.imul(hash ^ (character.codePointAt(0) as number), 0x01000193);
    }
  }
  return { count: dataset.length, names: hash >>> 0 };
}

function photos(files: readonly File[], side: number): ImageDataset {
  return {
    length: files.length,
    name: (index) => nameOf(files[index] as File),
    load: (index) => decodePhoto(files[index] as File, nameOf(files[index] as File), side),
  };
}

function nameOf(file: File): string {
  return file.webkitRelativePath || file.name;
}

function remember(dataset: ImageDataset): ImageDataset {
  const kept = new Map<number, DecodedImage>();
  let room = keptBytes;
  return {
    length: dataset.length,
    name: (index) => dataset.name(index),
    async load(index) {
      const known = kept.get(index);
      if (known) return known;
      const image = await dataset.load(index);
      if (image.data.length <= room && !kept.has(index)) {
        room -= image.data.length;
        kept.set(index, image);
      }
      return image;
    },
  };
}
