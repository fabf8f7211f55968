import { realpathSync, statSync } from 'node:fs';
import { relative, sep } from 'node:path';
import { PixconError } from '@pixcon/core';
import { stem } from './folders/mask-words.ts';
import { pairNames } from './folders/pair-names.ts';
import { counted } from './folders/sentences.ts';
import { masksAmongImages } from './folders/separate-masks.ts';
import { cure, describeKinds, unreadMasksNotice } from './image-formats.ts';
import { listImages } from './list-images.ts';
import { scanFolder } from './scan-folder.ts';

export interface LabelPair {
  /** Path relative to the image folder. */
  readonly image: string;
  /** Path relative to the mask folder. */
  readonly mask: string;
}

export interface LabelPairs {
  readonly pairs: readonly LabelPair[];
  /** Images without a mask. */
  readonly unlabelled: readonly string[];
  /** Masks without an image. */
  readonly unused: readonly string[];
  /** What was decided, and what was passed by; one sentence each. */
  readonly notices: readonly string[];
}

/**
 * Which files of two folders are images, which are masks, and which belong together (`pairNames`). The folders may
 * lie in one another or be the same: then what is named as a mask is one, and no file is both.
 *
 * @param maskSuffixes ends of a mask's name in order of preference
 * @throws PixconError `data` when a folder is missing, or no mask belongs to an image
 */
export function labelPairs(
  where: string,
  images: string,
  masks: string,
  maskSuffixes: readonly string[],
): LabelPairs {
  const status = statSync(masks, { throwIfNoEntry: false });
  if (!status?.isDirectory()) {
    const problem = status ? 'is not a folder' : 'does not exist';
    throw new PixconError('data', `${where}: expected a folder of masks, but ${masks} ${problem}`);
  }
  const found = sameFolder(images, masks) ? oneFolder(where, images) : twoFolders(where, images, masks);
  const { pairs, passedOver, withoutImage } = pairNames(found.images, found.masks, maskSuffixes);
  if (pairs.length === 0) throw nothingFits(where, images, masks, found);
  const labelled = new Set(pairs.map(({ image }) => image));
  const nameOf = (mask: number) => found.masks[mask] as string;
  return {
    pairs: pairs.map(({ image, mask }) => ({ image: found.images[image] as string, mask: nameOf(mask) })),
    unlabelled: found.images.filter((_, index) => !labelled.has(index)),
    unused: withoutImage.map(nameOf),
    notices: [
      ...found.notices,
      ...passedOver
        .slice(0, 1)
        .map(
          ({ mask, preferred }) =>
            `${counted(passedOver.length, 'mask')} not taken, because ${passedOver.length === 1 ? 'its' : 'each'} image has another that is preferred: ${nameOf(preferred)} before ${nameOf(mask)}; to take others, give them a folder of their own`,
        ),
      ...(withoutImage.length === 0
        ? []
        : [
            `${counted(withoutImage.length, 'mask')} without an image, such as ${nameOf(withoutImage[0] as number)}`,
          ]),
    ],
  };
}

interface FoundFiles {
  readonly images: readonly string[];
  readonly masks: readonly string[];
  /** Files beside the masks, by extension. */
  readonly others: ReadonlyMap<string, number>;
  readonly notices: readonly string[];
}

/** One folder holds both. */
function oneFolder(where: string, directory: string): FoundFiles {
  const { names, notices } = listImages(where, directory, { masks: 'keep' });
  const groups = masksAmongImages(names);
  const isMask = new Set(groups.flatMap(({ indices }) => indices));
  const pictures = new Set(names.filter((name) => !/\.png$/i.test(name)).map(stem));
  for (const [index, name] of names.entries()) {
    if (/\.png$/i.test(name) && pictures.has(stem(name))) isMask.add(index);
  }
  if (isMask.size === 0) {
    throw new PixconError(
      'data',
      `${where}: ${directory} was given for images and masks, but none of its ${counted(names.length, 'file')} is named as the mask of another (x_mask.png for x.png, x.png for x.jpg, or a folder masks/); give the masks a folder of their own`,
    );
  }
  const masks = names.filter((name, index) => isMask.has(index) && /\.png$/i.test(name));
  const images = names.filter((_, index) => !isMask.has(index));
  return {
    images,
    masks,
    others: new Map(),
    notices: [
      ...notices,
      `${directory} was given for images and masks: ${counted(masks.length, 'PNG file')} ${masks.length === 1 ? 'is' : 'are'} taken as masks by name, such as ${masks[0]}, the other ${images.length} as images`,
    ],
  };
}

function twoFolders(where: string, images: string, masks: string): FoundFiles {
  const masksWithin = pathWithin(images, masks);
  const imagesWithin = pathWithin(masks, images);
  const list = listImages(where, images, {
    masks: 'skip',
    cure: 'rename them to have them taken as images',
    ...(masksWithin === undefined ? {} : { except: masksWithin }),
  });
  const { files, others } = scanFolder(masks, ['.png'], imagesWithin);
  const unread = unreadMasksNotice(masks, others);
  return {
    images: list.names,
    masks: files,
    others,
    notices: [
      ...list.notices,
      ...(masksWithin === undefined
        ? []
        : [`${masks} lies in ${images}: its files are masks, none an image`]),
      ...(imagesWithin === undefined
        ? []
        : [`${images} lies in ${masks}: its files are images, none a mask`]),
      ...(unread === undefined ? [] : [unread]),
    ],
  };
}

function nothingFits(where: string, images: string, masks: string, found: FoundFiles): PixconError {
  const wanted = `${stem(found.images[0] ?? 'image.jpg')}.png`;
  const [first] = found.masks;
  const what =
    first === undefined
      ? `no PNG file, ${describeKinds(found.others)}${found.others.size === 0 ? '' : `; ${cure(found.others)}`}`
      : `${found.masks.length} PNG files such as ${first}`;
  return new PixconError(
    'data',
    `${where}: expected a mask for each image of ${images} in ${masks}, such as ${wanted}, found ${what}`,
  );
}

function sameFolder(a: string, b: string): boolean {
  const status = statSync(a, { throwIfNoEntry: false });
  return status?.isDirectory() === true && realpathSync(a) === realpathSync(b);
}

/** The path of `inner` relative to `outer`, with `/`, where it lies in it. */
function pathWithin(outer: string, inner: string): string | undefined {
  if (!statSync(outer, { throwIfNoEntry: false })?.isDirectory()) return undefined;
  if (!statSync(inner, { throwIfNoEntry: false })?.isDirectory()) return undefined;
  const path = relative(realpathSync(outer), realpathSync(inner)).split(sep).join('/');
  return path === '' || path.startsWith('..') ? undefined : path;
}
