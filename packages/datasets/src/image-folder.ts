import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type ImageDataset, PixconError } from '@pixcon/core';
import { decodeFile } from './decode-file.ts';
import { type FolderScan, scanFolder } from './scan-folder.ts';

export interface ImageFolderOptions {
  /** File extensions to take, with their dot; case does not matter. Default `.jpg .jpeg .png .webp`. */
  readonly extensions?: readonly string[];
}

/**
 * The images of a folder and of all folders in it, sorted by path. Names are paths relative to the folder, with
 * `/`. The tree is read at once; images are decoded by `load`, off the main thread.
 *
 * Names that begin with a dot are passed by. Links are followed, loops are not.
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
export function imageFolder(directory: string, options: ImageFolderOptions = {}): ImageDataset {
  const { extensions = ['.jpg', '.jpeg', '.png', '.webp'] } = options;
  const wanted = extensions.map((extension) => extension.toLowerCase());
  if (wanted.length === 0 || wanted.some((extension) => !extension.startsWith('.'))) {
    throw new PixconError(
      'invalid-argument',
      `imageFolder: extensions must be one or more, each with its dot ('.jpg'), got [${extensions.join(', ')}]`,
    );
  }
  assertFolder(directory);
  const scan = scanFolder(directory, wanted);
  const { files } = scan;
  if (files.length === 0) {
    throw new PixconError(
      'data',
      `imageFolder: expected at least one image (${wanted.join(' ')}) below ${directory}, found ${describeOthers(scan)}`,
    );
  }
  const name = (index: number) => {
    const file = files[index];
    if (file !== undefined) return file;
    throw new PixconError(
      'invalid-argument',
      `imageFolder: index must be a whole number from 0 to ${files.length - 1}, got ${index}`,
    );
  };
  return {
    length: files.length,
    name,
    load: async (index) => await decodeFile(join(directory, name(index))),
  };
}

function assertFolder(directory: string): void {
  const status = statSync(directory, { throwIfNoEntry: false });
  if (status?.isDirectory()) return;
  const problem = status ? 'is not a folder' : 'does not exist';
  throw new PixconError('data', `imageFolder: expected a folder of images, but ${directory} ${problem}`);
}

function describeOthers({ others }: FolderScan): string {
  if (others.size === 0) return 'no file at all';
  const kinds = [...others].sort(([a, less], [b, more]) => more - less || (a < b ? -1 : 1));
  const named = kinds.slice(0, 5).map(([extension, count]) => `${count} × ${extension || 'no extension'}`);
  const rest = kinds.length > 5 ? ` and ${kinds.length - 5} more kinds` : '';
  return `only other files: ${named.join(', ')}${rest}`;
}
