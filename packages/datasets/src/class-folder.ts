import { type ClassificationDataset, PixconError } from '@pixcon/core';
import { counted, listed } from './folders/sentences.ts';
import { type SplitChoice, splitFolders } from './folders/split-folders.ts';
import { splitHint, splitRole } from './folders/split-words.ts';
import { type ImageFolderOptions, openImages } from './image-folder.ts';
import { listImages } from './list-images.ts';

export interface ClassFolderOptions extends ImageFolderOptions {
  /**
   * What folders named like parts of a split are where other folders lie beside them: `folders`: a split, with the
   * classes below; `hash`: classes; `auto`: an error where they hold both sides of a split. Default `auto`.
   */
  readonly split?: SplitChoice;
}

/** A folder of classes. */
export interface ClassFolder extends ClassificationDataset {
  /** What was decided between two readings, and what was passed by; one sentence each. */
  readonly notices: readonly string[];
}

/**
 * Images with one class each: one sub-folder per class, as torchvision's `ImageFolder`. A class is the first folder
 * that an image lies in; folders that split the set (`train`, `val2017`, `Testing`: see `splitFolders`) and those
 * that hold everything are seen through. A folder is a part of a split only if all beside it are: `test` beside `cat`
 * and `dog` is a class. Classes are sorted by name.
 *
 * @throws PixconError `data` when the folder is missing, holds no image, an image without a class folder, or
 *   fewer than two classes, or sides of a split beside other folders
 *
 * @example
 * const flowers = classFolder('flowers'); // flowers/train/rose/1.jpg, flowers/val/tulip/7.jpg, …
 * flowers.classNames; // => ['rose', 'tulip']
 * flowers.label(0); // => 0
 */
export function classFolder(directory: string, options: ClassFolderOptions = {}): ClassFolder {
  const { masks = 'skip', split = 'auto', ...rest } = options;
  // A class may be called `mask`: only what cannot be photos is passed by.
  const list = listImages('classFolder', directory, {
    ...rest,
    masks: masks === 'skip' ? 'skip grey' : 'keep',
  });
  const { classFolders } = splitFolders(list.names, split);
  const classes = list.names.map((_, index) => classFolders(index)[0]);
  const classless = unlabelledParts(list.names, classes);
  const kept = [...list.names.keys()].filter((index) => {
    if (classes[index] !== undefined) return true;
    if (classless.has(topFolder(list.names[index] as string))) return false;
    throw new PixconError(
      'data',
      `classFolder: expected one sub-folder per class in ${directory}, but ${list.names[index]} lies in none`,
    );
  });
  const labelled = kept.map((index) => classes[index] as string);
  const classNames = [...new Set(labelled)].sort();
  if (classNames.length < 2) {
    throw new PixconError(
      'data',
      `classFolder: expected sub-folders of at least two classes in ${directory}, found ${classNames.join(', ') || 'none'} alone`,
    );
  }
  if (split === 'auto') assertNoSplit(directory, classNames);
  const left = list.names.length - kept.length;
  const splitNames = classNames.filter((name) => splitRole(name) !== undefined);
  const others = classNames.filter((name) => splitRole(name) === undefined);
  const numbers = new Map(classNames.map((name, label) => [name, label]));
  const labels = labelled.map((name) => numbers.get(name) as number);
  const folder = openImages(directory, {
    names: kept.map((index) => list.names[index] as string),
    notices: [
      ...list.notices,
      ...(left === 0
        ? []
        : [
            `${counted(left, 'image')} of ${directory} without a class folder left out: ${[...classless].map((name) => (name === '' ? 'beside the folders' : `in ${name}/`)).join(', ')}`,
          ]),
      ...(splitNames.length === 0 || others.length === 0
        ? []
        : [
            `${listed(splitNames)} ${splitNames.length === 1 ? 'is taken as a class' : 'are taken as classes'}, because ${listed(others)} beside ${splitNames.length === 1 ? 'it' : 'them'} ${others.length === 1 ? 'is no part' : 'are no parts'} of a split; for a split, put the classes below train/ and val/`,
          ]),
    ],
  });
  return {
    ...folder,
    classNames,
    label(index) {
      folder.name(index);
      return labels[index] as number;
    },
  };
}

/** Refuses classes such as `train`, `val` and `misc`: scored as classes, the sides of a split would say nothing. */
function assertNoSplit(directory: string, classNames: readonly string[]): void {
  const parts = classNames.filter((name) => splitHint(name) !== undefined);
  const roles = new Set(parts.map(splitHint));
  const both =
    (roles.has('train') || roles.has('trainval')) && (roles.has('validation') || roles.has('test'));
  if (!both) return;
  const others = classNames.filter((name) => !parts.includes(name));
  throw new PixconError(
    'data',
    `classFolder: ${listed(parts)} of ${directory} are named like parts of a split${others.length === 0 ? '' : `, but ${listed(others)} beside them ${others.length === 1 ? 'is' : 'are'} not`}; say which they are: a split with the classes below, --split folders (split: 'folders'), or classes, --split hash (split: 'hash')`,
  );
}

/**
 * First folders without a single class below them, beside folders of a split that have classes: an unlabelled
 * `test`, or images above the folders.
 */
function unlabelledParts(names: readonly string[], classes: readonly (string | undefined)[]): Set<string> {
  const withClass = new Set(names.filter((_, index) => classes[index] !== undefined).map(topFolder));
  const split = [...withClass].some((folder) => splitRole(folder) !== undefined);
  if (!split) return new Set();
  const parts = names.map(topFolder).filter((folder) => folder === '' || splitRole(folder) !== undefined);
  return new Set(parts.filter((folder) => !withClass.has(folder)));
}

function topFolder(name: string): string {
  return name.includes('/') ? name.slice(0, name.indexOf('/')) : '';
}
