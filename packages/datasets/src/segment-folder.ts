import { assertNumber, PixconError, type SegmentDataset } from '@pixcon/core';
import { assertTellingLabels, type FoundLabel, LabelTally } from './found-labels.ts';
import {
  forEachIndex,
  type LabelledFolder,
  type LabelledImages,
  type LabelledImagesOptions,
  labelledImages,
} from './labelled-images.ts';
import { kindOf, type LabelMap } from './read-label-map.ts';

export interface SegmentFolderOptions extends LabelledImagesOptions {
  /**
   * Values of grey and palette masks that mean "not labelled", beside 255 in masks of at most 8 bits and 0 in RGB
   * masks, which do unless this is `none`: then every value is a segment. Default `[]`.
   */
  readonly voidLabels?: readonly number[] | 'none';
}

/** A folder of images with segment masks. */
export interface SegmentFolder extends SegmentDataset, LabelledFolder {
  readonly notices: readonly string[];
  /**
   * The values that the masks of these images hold; default all images.
   *
   * @throws PixconError `data` when none of the images shows two segments
   */
  labels(indices?: readonly number[]): Promise<readonly FoundLabel[]>;
}

/** In order of preference: instances before classes. */
const maskSuffixes = ['', '_gtFine_instanceIds', '_gtFine_labelIds', '_gt', '_mask', '_seg', '_label', '_L'];

/**
 * Images with a segment per pixel, paired with their masks as by `segmentationFolder`. Three kinds of PNG are
 * understood, also side by side:
 * - RGB: COCO's panoptic format, id = R + 256 · G + 65536 · B, 0 is void
 * - grey of 16 bits (Cityscapes' `instanceIds`): each value is a segment
 * - grey or palette of at most 8 bits: each value is a segment (a class or an instance), 255 is void
 *
 * Ids tell the segments of one image apart; grey value v has the id v + 1, because 0 is void.
 *
 * @throws PixconError `data` for a folder that is missing or fits nowhere, a mask that is no PNG, has another
 *   size than its image, or colours of 16 bits
 *
 * @example
 * const panoptic = segmentFolder('coco/val2017', 'coco/panoptic_val2017');
 * await panoptic.segments(0); // => Int32Array of 640 × 427 ids, 0 is void
 */
export function segmentFolder(
  images: string,
  masks: string,
  options: SegmentFolderOptions = {},
): SegmentFolder {
  const { voidLabels = [] } = options;
  const where = 'segmentFolder';
  const given = voidLabels === 'none' ? [] : voidLabels;
  for (const label of given) {
    assertNumber(where, 'voidLabels', label, { minimum: 0, maximum: 65_535, integer: true });
  }
  const files = labelledImages(where, images, masks, maskSuffixes, options);
  const voids: Voids = { none: voidLabels === 'none', given: new Set(given) };
  let tally: LabelTally | undefined;
  return {
    length: files.length,
    name: files.name,
    load: files.load,
    unlabelled: files.unlabelled,
    unused: files.unused,
    get notices() {
      return [...files.notices, ...(tally?.notices ?? [])];
    },
    async labels(indices = Array.from({ length: files.length }, (_, index) => index)) {
      const found = new LabelTally((value, kind) => isVoid(value, kind, voids));
      await forEachIndex(indices.length, async (at) => {
        const index = indices[at] as number;
        const map = await segmentMap(files, index);
        found.add(index, kindOf(map), storedValues(map));
      });
      tally = found;
      assertTellingLabels({ where, masks, tally, thing: 'segment' });
      return found.labels;
    },
    async segments(index) {
      const map = await segmentMap(files, index);
      const kind = kindOf(map);
      // One more than stored, because 0 is void; ids of panoptic PNGs are 0 where they are void.
      const shift = map.channels === 3 && !voids.none ? 0 : 1;
      return storedValues(map).map((value) => (isVoid(value, kind, voids) ? 0 : value + shift));
    },
  };
}

interface Voids {
  /** Nothing is void. */
  readonly none: boolean;
  readonly given: ReadonlySet<number>;
}

function isVoid(value: number, kind: string, { none, given }: Voids): boolean {
  if (none) return false;
  if (kind.startsWith('rgb')) return value === 0;
  return given.has(value) || (value === 255 && !kind.endsWith('16 bits'));
}

async function segmentMap(files: LabelledImages, index: number): Promise<LabelMap> {
  const map = await files.labelMap(index);
  if (map.channels === 1 || map.bitDepth === 8) return map;
  throw new PixconError(
    'data',
    `segmentFolder: a panoptic PNG must have 8 bits per channel, got ${map.bitDepth} in ${files.maskPath(index)}`,
  );
}

/** Grey values and palette indices as they are, colours as R + 256 · G + 65536 · B. */
function storedValues({ data, channels, width, height }: LabelMap): Int32Array {
  if (channels === 1) return Int32Array.from(data);
  const ids = new Int32Array(width * height);
  for (let pixel = 0; pixel < ids.length; pixel++) {
    const at = pixel * 3;
    const [red, green, blue] = [data[at] as number, data[at + 1] as number, data[at + 2] as number];
    ids[pixel] = red + 256 * green + 65_536 * blue;
  }
  return ids;
}
