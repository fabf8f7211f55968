import { assertNumber, PixconError, type SegmentationDataset } from '@pixcon/core';
import { assertTellingLabels, type FoundLabel, LabelTally } from './found-labels.ts';
import {
  forEachIndex,
  type LabelledFolder,
  type LabelledImages,
  type LabelledImagesOptions,
  labelledImages,
} from './labelled-images.ts';
import { kindOf, type LabelMap } from './read-label-map.ts';

export interface SegmentationFolderOptions extends LabelledImagesOptions {
  /**
   * Names of the classes, in the order of their label values, void ones left out: the first name is the lowest
   * value's that is not in `voidLabels`. Default: the values found in the masks, as `class 7`.
   */
  readonly classNames?: readonly string[];
  /**
   * Values that mean "not labelled", beside 255, which does unless this is `none`: then every value is a class, as in
   * masks of 0 and 255. Default `[]`.
   */
  readonly voidLabels?: readonly number[] | 'none';
}

/** A folder of images with class masks. */
export interface SegmentationFolder extends SegmentationDataset, LabelledFolder {
  readonly notices: readonly string[];
  /** The mask value of each class. */
  readonly labelValues: readonly number[];
  /**
   * The values that the masks hold. With `classNames` the first call reads every mask.
   *
   * @throws PixconError `data` when they show fewer than two classes
   */
  labels(): Promise<readonly FoundLabel[]>;
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
 * extension, or of the same name where it is the only one. Suffixes such as Cityscapes' `_leftImg8bit` and
 * `_gtFine_labelTrainIds`, `_img` and `_gt`, and folders such as `images` and `labels` are seen through. The folders may
 * lie in one another or be the same: no file is image and mask at once. Images without a mask are left out and listed.
 *
 * A grey mask gives its values, a palette mask (PASCAL VOC) its indices, an RGB mask whose channels agree one of them.
 * Classes are the values that are not void, counted from 0 without gaps. Without `classNames`, every mask is read once
 * to find them. What was decided between two readings is in `notices`, which is complete once every mask was read.
 *
 * @throws PixconError `data` for a folder that is missing or fits nowhere, masks that show fewer than two classes, a
 *   mask that is no PNG, has colours, another size than its image, or a value without a class
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
  const voids = voidLabels === 'none' ? [] : [255, ...voidLabels];
  for (const label of voids) {
    assertNumber(where, 'voidLabels', label, { minimum: 0, maximum: 255, integer: true });
  }
  if (classNames?.length === 0) {
    throw new PixconError('invalid-argument', `${where}: classNames must name at least one class, got none`);
  }
  const files = labelledImages(where, images, masks, maskSuffixes, options);
  const isVoid = (value: number) => voids.includes(value);
  let reading: Promise<LabelTally> | undefined;
  let tally: LabelTally | undefined;
  const readAll = async () => {
    reading ??= tallyOf(files, isVoid);
    tally = await reading;
    assertTellingLabels({ where, masks, tally, thing: 'class' });
    return tally.labels;
  };
  const values = classNames
    ? lowestValues(classNames.length, isVoid)
    : (await readAll()).filter((label) => !label.void).map(({ value }) => value);
  if (values.length === 256) {
    throw new PixconError('data', `${where}: expected at most 255 classes in ${masks}, got 256`);
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
    unused: files.unused,
    get notices() {
      return [...files.notices, ...(tally?.notices ?? [])];
    },
    labels: readAll,
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
  if (map.channels === 3 && map.bitDepth === 8) {
    const grey = firstOfEqual(map.data);
    if (grey) return { ...map, channels: 1, data: grey };
  }
  const found =
    map.channels === 3 ? 'three colour channels (a panoptic PNG, or coloured classes)' : '16 bits per pixel';
  throw new PixconError(
    'data',
    `segmentationFolder: a class mask must be a grey or palette PNG of at most 8 bits, got ${found} in ${files.maskPath(index)}`,
  );
}

/** One channel of three that agree everywhere; undefined where they do not. */
function firstOfEqual(data: LabelMap['data']): Uint8Array | undefined {
  const grey = new Uint8Array(data.length / 3);
  for (let pixel = 0; pixel < grey.length; pixel++) {
    const value = data[3 * pixel] as number;
    if (data[3 * pixel + 1] !== value || data[3 * pixel + 2] !== value) return undefined;
    grey[pixel] = value;
  }
  return grey;
}

async function tallyOf(files: LabelledImages, isVoid: (value: number) => boolean): Promise<LabelTally> {
  const tally = new LabelTally(isVoid);
  await forEachIndex(files.length, async (index) => {
    const map = await classMap(files, index);
    tally.add(index, kindOf(map), map.data);
  });
  return tally;
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
