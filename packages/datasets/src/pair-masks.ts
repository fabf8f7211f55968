import { statSync } from 'node:fs';
import { PixconError } from '@pixcon/core';
import { scanFolder } from './scan-folder.ts';

export interface MaskPair {
  /** Index in the image folder. */
  readonly image: number;
  /** Path relative to the mask folder. */
  readonly mask: string;
}

/** Ends of an image's name that its mask does not share. */
const imageSuffixes = ['_leftImg8bit', '_img', '_image', '_rgb'];

/**
 * The mask of each image: the PNG of the same path without extension, or, where no path fits, of the same name
 * anywhere, as long as it is one. Known suffixes count as absent; of several masks of an image the one whose
 * suffix comes first in `maskSuffixes` is taken.
 *
 * @param names paths of the images, relative, with `/`
 * @param maskSuffixes in order of preference, `''` among them
 * @throws PixconError `data` when the folder is missing, holds no PNG, or none that fits
 */
export function pairMasks(
  where: string,
  names: readonly string[],
  directory: string,
  maskSuffixes: readonly string[],
): MaskPair[] {
  const status = statSync(directory, { throwIfNoEntry: false });
  if (!status?.isDirectory()) {
    const problem = status ? 'is not a folder' : 'does not exist';
    throw new PixconError('data', `${where}: expected a folder of masks, but ${directory} ${problem}`);
  }
  const { files } = scanFolder(directory, ['.png']);
  const byPath = new Map<string, string>();
  const byName = new Map<string, string | null>();
  for (const suffix of maskSuffixes) {
    for (const file of files) {
      const path = stem(file);
      if (!path.endsWith(suffix)) continue;
      const key = path.slice(0, path.length - suffix.length);
      if (byPath.has(key)) continue;
      byPath.set(key, file);
      const name = baseName(key);
      byName.set(name, byName.has(name) ? null : file);
    }
  }
  const pairs = names.flatMap((image, index): MaskPair[] => {
    const key = withoutSuffix(stem(image));
    const mask = byPath.get(key) ?? byPath.get(stem(image)) ?? byName.get(baseName(key));
    return mask ? [{ image: index, mask }] : [];
  });
  if (pairs.length === 0) {
    const found = files[0] === undefined ? 'no PNG file' : `${files.length} PNG files such as ${files[0]}`;
    throw new PixconError(
      'data',
      `${where}: expected a mask for each image in ${directory}, such as ${stem(names[0] ?? 'image.jpg')}.png, found ${found}`,
    );
  }
  return pairs;
}

function stem(path: string): string {
  return path.replace(/\.[^./]+$/, '');
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function withoutSuffix(path: string): string {
  const suffix = imageSuffixes.find((end) => path.endsWith(end));
  return suffix === undefined ? path : path.slice(0, -suffix.length);
}
