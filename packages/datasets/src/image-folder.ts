import { join } from 'node:path';
import { type ImageDataset, PixconError } from '@pixcon/core';
import { decodeFile } from './decode-file.ts';
import { type ImageList, listImages } from './list-images.ts';

export interface ImageFolderOptions {
  /** File extensions to take, with their dot; case does not matter. Default `.jpg .jpeg .png .webp`. */
  readonly extensions?: readonly string[];
  /**
   * What to do with files that are masks of other images by name and place: those of a folder such as `masks`,
   * `annotations` or `gtFine` that are named as images outside it, and `x_mask.png` beside `x.jpg`. Default `skip`.
   */
  readonly masks?: 'skip' | 'keep';
}

/** The images of a folder. */
export interface ImageFolder extends ImageDataset {
  /** What was passed by though it may have been meant, and how to take it; one sentence each. */
  readonly notices: readonly string[];
}

/**
 * The images of a folder and of all folders in it, sorted by path. Names are paths relative to the folder, with
 * `/`. The tree is read at once; images are decoded by `load`, off the main thread.
 *
 * Names that begin with a dot are passed by. Links are followed, loops are not. Pictures of other formats, and masks
 * of other images, are left out and counted in `notices`.
 *
 * Every image comes as 8-bit sRGB: EXIF orientation applied, grey, palette, CMYK and 16-bit converted,
 * transparency over white. A file that is empty, cut off or no image makes `load` throw a PixconError `data`
 * that names the file and the reason.
 *
 * @throws PixconError `data` when the folder is missing, is no folder, or holds no such image
 *
 * @example
 * const dataset = imageFolder('coco/train2017');
 * dataset.name(0); // => '000000000009.jpg'
 * await dataset.load(0); // => { data: Uint8Array, width: 640, height: 480 }
 */
export function imageFolder(directory: string, options: ImageFolderOptions = {}): ImageFolder {
  return openImages(directory, listImages('imageFolder', directory, { masks: 'skip', ...options }));
}

/** A list of images as a data set. */
export function openImages(directory: string, { names, notices }: ImageList): ImageFolder {
  const name = (index: number) => {
    const file = names[index];
    if (file !== undefined) return file;
    throw new PixconError(
      'invalid-argument',
      `imageFolder: index must be a whole number from 0 to ${names.length - 1}, got ${index}`,
    );
  };
  return {
    length: names.length,
    notices,
    name,
    load: async (index) => await decodeFile(join(directory, name(index))),
  };
}
