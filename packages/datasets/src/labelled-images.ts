import { join } from 'node:path';
import { type ImageDataset, PixconError } from '@pixcon/core';
import sharp from 'sharp';
import { counted } from './folders/sentences.ts';
import { openImages } from './image-folder.ts';
import { labelPairs } from './label-pairs.ts';
import { type LabelMap, readLabelMap } from './read-label-map.ts';
import { turnLabelMap, turnsSideways } from './turn-label-map.ts';

/** What labelled folders have in common. */
export interface LabelledFolder extends ImageDataset {
  /** Names of images without a mask, which are left out. */
  readonly unlabelled: readonly string[];
  /** Paths of masks without an image, relative to their folder. */
  readonly unused: readonly string[];
  /** What was decided between two readings, and what was passed by; one sentence each. */
  readonly notices: readonly string[];
}

export interface LabelledImagesOptions {
  /**
   * How masks lie to photos that EXIF turns: as `turned` photos are shown, or as their pixels are `stored`, so that
   * each mask is turned with its photo. Default: `turned`, and an error where only `stored` can be meant.
   */
  readonly maskOrientation?: 'turned' | 'stored';
}

/** The images of a folder that have a mask, and their masks as numbers. */
export interface LabelledImages extends LabelledFolder {
  maskPath(index: number): string;
  /** @throws PixconError `data` when it cannot be read or has another size than its image */
  labelMap(index: number): Promise<LabelMap>;
}

/**
 * `notices` grows by what the orientation of photos leaves open as masks are read.
 *
 * @throws PixconError `data`
 */
export function labelledImages(
  where: string,
  images: string,
  masks: string,
  maskSuffixes: readonly string[],
  { maskOrientation }: LabelledImagesOptions,
): LabelledImages {
  const { pairs, unlabelled, unused, notices } = labelPairs(where, images, masks, maskSuffixes);
  const folder = openImages(images, { names: pairs.map(({ image }) => image), notices: [] });
  /** Photos whose turn keeps their size, so that nothing tells how the mask lies. */
  const undecided = new Map<number, number>();
  const maskPath = (index: number) => {
    folder.name(index);
    return join(masks, (pairs[index] as (typeof pairs)[number]).mask);
  };
  return {
    ...folder,
    unlabelled,
    unused,
    get notices() {
      return undecided.size === 0 ? notices : [...notices, turnNotice(folder.name, undecided)];
    },
    maskPath,
    async labelMap(index) {
      const path = maskPath(index);
      const image = join(images, folder.name(index));
      const [map, photo] = await Promise.all([readLabelMap(where, path), describePhoto(where, image)]);
      const { orientation, stored, shown } = photo;
      const [wanted, other] = maskOrientation === 'stored' ? [stored, shown] : [shown, stored];
      if (fits(map, wanted)) {
        if (maskOrientation === 'stored') return turnLabelMap(map, orientation);
        if (maskOrientation === undefined && orientation !== 1 && fits(map, other))
          undecided.set(index, orientation);
        return map;
      }
      throw new PixconError(
        'data',
        `${where}: a mask must have the size of its image, got ${map.width}×${map.height} in ${path} for ${wanted.width}×${wanted.height} in ${image}${turnCure(orientation, fits(map, other), maskOrientation)}`,
      );
    },
  };
}

/** What EXIF has to do with a mask of another size than its photo. */
function turnCure(
  orientation: number,
  fitsOther: boolean,
  choice: LabelledImagesOptions['maskOrientation'],
): string {
  if (orientation === 1) return '';
  const turn = `; EXIF turns this photo (orientation ${orientation})`;
  if (!fitsOther) return turn;
  return choice === 'stored'
    ? `${turn} and its mask is turned already: leave out --mask-orientation stored (maskOrientation: 'stored')`
    : `${turn} but not its mask: --mask-orientation stored (maskOrientation: 'stored') turns masks with their photos`;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

function fits(a: Size, b: Size): boolean {
  return a.width === b.width && a.height === b.height;
}

function turnNotice(nameOf: (index: number) => string, undecided: ReadonlyMap<number, number>): string {
  const orientations = [...new Set(undecided.values())].sort();
  const first = Math.min(...undecided.keys());
  const many = undecided.size > 1;
  return `EXIF turns or mirrors ${counted(undecided.size, 'photo')} (orientation ${orientations.join(', ')}), such as ${nameOf(first)}, and ${many ? 'their masks fit' : 'its mask fits'} either way; ${many ? 'masks' : 'it'} ${many ? 'were' : 'was'} taken as turned already: --mask-orientation stored (maskOrientation: 'stored') turns masks with their photos`;
}

/** From the file's header. */
async function describePhoto(where: string, path: string) {
  try {
    const { width, height, orientation = 1, autoOrient } = await sharp(path).metadata();
    const known = orientation >= 1 && orientation <= 8 ? orientation : 1;
    const sideways = turnsSideways(known);
    const stored = sideways ? { width: autoOrient.height, height: autoOrient.width } : autoOrient;
    return { orientation: known, shown: autoOrient, stored: known === 1 ? { width, height } : stored };
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
