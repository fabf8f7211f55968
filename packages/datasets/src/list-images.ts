import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PixconError } from '@pixcon/core';
import { counted } from './folders/sentences.ts';
import { type MaskGroup, masksAmongImages } from './folders/separate-masks.ts';
import { describeKinds, unreadNotice } from './image-formats.ts';
import { scanFolder } from './scan-folder.ts';

/** The images below a folder. */
export interface ImageList {
  /** Paths relative to the folder, with `/`, sorted. */
  readonly names: readonly string[];
  /** What was passed by, and how to take it; one sentence each. */
  readonly notices: readonly string[];
}

export interface ListImagesOptions {
  readonly extensions?: readonly string[];
  /** Whether masks among the images are passed by, only those that cannot be photos, or none. */
  readonly masks: 'skip' | 'skip grey' | 'keep';
  /** How to take masks that are passed by. Default: the option of `imageFolder`. */
  readonly cure?: string;
  /** A folder within, by its relative path: nothing below it is an image. */
  readonly except?: string;
}

/** @throws PixconError `data` when the folder is missing, is no folder, or holds no such image */
export function listImages(where: string, directory: string, options: ListImagesOptions): ImageList {
  const { extensions = ['.jpg', '.jpeg', '.png', '.webp'], masks, except } = options;
  const { cure = "--keep-masks (masks: 'keep') takes them as images" } = options;
  const wanted = extensions.map((extension) => extension.toLowerCase());
  if (wanted.length === 0 || wanted.some((extension) => !extension.startsWith('.'))) {
    throw new PixconError(
      'invalid-argument',
      `${where}: extensions must be one or more, each with its dot ('.jpg'), got [${extensions.join(', ')}]`,
    );
  }
  assertFolder(where, directory);
  const { files, others } = scanFolder(directory, wanted, except);
  if (files.length === 0) {
    throw new PixconError(
      'data',
      `${where}: expected at least one image (${wanted.join(' ')}) below ${directory}, found ${describeKinds(others)}`,
    );
  }
  const found = masks === 'keep' ? [] : masksAmongImages(files);
  const groups = found.filter((group) => masks !== 'skip grey' || looksLikeLabels(directory, files, group));
  const passed = new Set(groups.flatMap(({ indices }) => indices));
  const unread = unreadNotice(directory, others, wanted);
  return {
    names: files.filter((_, index) => !passed.has(index)),
    notices: [
      ...(unread === undefined ? [] : [unread]),
      ...groups.map(
        ({ where: place, indices }) =>
          `${counted(indices.length, 'file')} of ${directory} (${place}) left out as ${indices.length === 1 ? 'a mask' : 'masks'} of the images by name and place; ${cure}`,
      ),
    ],
  };
}

function assertFolder(where: string, directory: string): void {
  const status = statSync(directory, { throwIfNoEntry: false });
  if (status?.isDirectory()) return;
  const problem = status ? 'is not a folder' : 'does not exist';
  throw new PixconError('data', `${where}: expected a folder of images, but ${directory} ${problem}`);
}

/** Whether the first files of a group are grey or palette PNGs. */
function looksLikeLabels(directory: string, files: readonly string[], { indices }: MaskGroup): boolean {
  return indices.slice(0, 5).every((index) => {
    const start = Buffer.alloc(26);
    const file = openSync(join(directory, files[index] as string), 'r');
    try {
      readSync(file, start, 0, start.length, 0);
    } finally {
      closeSync(file);
    }
    const colourType = start[25];
    return start.toString('latin1', 1, 4) === 'PNG' && (colourType === 0 || colourType === 3);
  });
}
