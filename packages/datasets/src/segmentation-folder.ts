import { assertNumber, PixconError, type SegmentationDataset } from '@pixcon/core';
import { forEachIndex, type LabelledImages, labelledImages } from './labelled-images.ts';
import type { LabelMap } from './read-label-map.ts';

export interface SegmentationFolderOptions {
  /**
   * Names of the classes, in the order of their label values, void ones left out: the first name is the lowest
   * value's that is not in `voidLabels`. Default: the values found in the masks, as `class 7`.
   */
  readonly classNames?: readonly string[];
  /** Values that mean "not labelled". 255 always does. Default none. */
  readonly voidLabels?: readonly number[];
}

/** A folder of images with class masks. */
export interface SegmentationFolder extends SegmentationDataset {
  /** The mask value of each class. */
  readonly labelValues: readonly number[];
  /** Names of images without a mask, which are left out. */
  readonly unlabelled: readonly string[];
}

/** In order of preference: Cityscapes' training labels before its raw ones. */
const maskSuffixes = [
  '',
  '_gtFine_labelTrainIds',
  '_gtFine_labelIds',
  '_gt',
  '_mask',
  '_seg',
  '_label',
  '_L',
];

/**
 * Images with a class per pixel: each image below `images` that has a PNG of the same path below `masks`, other
 * extension, or of the same name anywhere in it. Suffixes such as Cityscapes' `_leftImg8bit` and
 * `_gtFine_labelTrainIds`, `_img` and `_gt` are seen through. Images without a mask are left out and listed.
 *
 * A grey mask gives its values, a palette mask (PASCAL VOC) its indices. Classes are the values that are not
 * void, counted from 0 without gaps. Without `classNames`, every mask is read once to find them.
 *
 * @throws PixconError `data` for a folder that is missing or fits nowhere, a mask that is no PNG, has colours,
 *   another size than its image, or a value without a class
 *
 * @example
 * const camvid = await segmentationFolder('camvid/images', 'camvid/masks', { voidLabels: [11] });
 * camvid.classNames; // => ['class 0', …, 'class 10']
 * await camvid.mask(0); // => Uint8Array of 480 × 360 class indices, 255 is void
 */
export async function segmentationFolder(
  images: string,
  masks: string,
  options: SegmentationFolderOptions = {},
): Promise<SegmentationFolder> {
  const { classNames, voidLabels = [] } = options;
  const where = 'segmentationFolder';
  for (const label of voidLabels) {
    assertNumber(where, 'voidLabels', label, { minimum: 0, maximum: 255, integer: true });
  }
  if (classNames?.length === 0) {
    throw new PixconError('invalid-argument', `${where}: classNames must name at least one class, got none`);
  }
  const files = labelledImages(where, images, masks, maskSuffixes);
  const isVoid = (value: number) => value === 255 || voidLabels.includes(value);
  const values = classNames
    ? lowestValues(classNames.length, isVoid)
    : (await valuesOf(files)).filter((value) => !isVoid(value));
  if (values.length === 0) {
    throw new PixconError('data', `${where}: expected labelled pixels in ${masks}, but every pixel is void`);
  }
  const classOf = new Int16Array(256).fill(-1);
  for (const [index, value] of values.entries()) classOf[value] = index;
  for (let value = 0; value < 256; value++) if (isVoid(value)) classOf[value] = 255;

  return {
    length: files.length,
    name: files.name,
    load: files.load,
    classNames: classNames ?? values.map((value) => `class ${value}`),
    labelValues: values,
    unlabelled: files.unlabelled,
    async mask(index) {
      const map = await classMap(files, index);
      return map.data.map((value) => {
        const label = classOf[value] as number;
        if (label >= 0) return label;
        throw new PixconError(
          'data',
          `${where}: expected the labels ${describeValues(values)} or void in ${files.maskPath(index)}, got ${value}; name more classes or call it void`,
        );
      }) as Uint8Array;
    },
  };
}

async function classMap(files: LabelledImages, index: number): Promise<LabelMap> {
  const map = await files.labelMap(index);
  if (map.channels === 1 && map.bitDepth <= 8) return map;
  const found =
    map.channels === 3 ? 'three colour channels (a panoptic PNG, or coloured classes)' : '16 bits per pixel';
  throw new PixconError(
    'data',
    `segmentationFolder: a class mask must be a grey or palette PNG of at most 8 bits, got ${found} in ${files.maskPath(index)}`,
  );
}

/** All values that occur, in order. */
async function valuesOf(files: LabelledImages): Promise<number[]> {
  const seen = new Uint8Array(256);
  await forEachIndex(files.length, async (index) => {
    for (const value of (await classMap(files, index)).data) seen[value] = 1;
  });
  return [...seen.keys()].filter((value) => seen[value]);
}

function lowestValues(count: number, isVoid: (value: number) => boolean): number[] {
  const values = Array.from({ length: 256 }, (_, value) => value).filter((value) => !isVoid(value));
  if (count <= values.length) return values.slice(0, count);
  throw new PixconError(
    'invalid-argument',
    `segmentationFolder: classNames must be at most ${values.length} names, got ${count}`,
  );
}

function describeValues(values: readonly number[]): string {
  const last = values.at(-1) as number;
  const contiguous = last - (values[0] as number) === values.length - 1;
  return contiguous ? `${values[0]} to ${last}` : values.join(', ');
}
