import { type DecodedImage, type ImageDataset, PixconError } from '@pixcon/core';
import { syntheticScenes } from '@pixcon/datasets/synthetic';
import type { Source } from '../protocol.ts';

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
    load: (index) => decode(files[index] as File, side),
  };
}

function nameOf(file: File): string {
  return file.webkitRelativePath || file.name;
}

/** Reduced to `side`; of a panorama, the middle. */
async function decode(file: File, side: number): Promise<DecodedImage> {
  const bitmap = await createImageBitmap(file).catch((cause) => {
    throw new PixconError('data', `${nameOf(file)} is no photo that this browser can read`, { cause });
  });
  try {
    const [across, down] = [
      Math.min(bitmap.width, 2 * bitmap.height),
      Math.min(bitmap.height, 2 * bitmap.width),
    ];
    const scale = Math.min(1, side / Math.max(across, down));
    const [width, height] = [Math.max(1, Math.round(scale * across)), Math.max(1, Math.round(scale * down))];
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    if (!context) throw new PixconError('data', `${nameOf(file)} could not be drawn`);
    context.imageSmoothingQuality = 'high';
    const [left, top] = [(bitmap.width - across) / 2, (bitmap.height - down) / 2];
    context.drawImage(bitmap, left, top, across, down, 0, 0, width, height);
    return { data: withoutAlpha(context.getImageData(0, 0, width, height).data), width, height };
  } finally {
    bitmap.close();
  }
}

function withoutAlpha(rgba: Uint8ClampedArray): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    rgb[to] = rgba[from] as number;
    rgb[to + 1] = rgba[from + 1] as number;
    rgb[to + 2] = rgba[from + 2] as number;
  }
  return rgb;
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
