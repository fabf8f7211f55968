import { assertNumber, PixconError, type SegmentDataset } from '@pixcon/core';
import { labelledImages } from './labelled-images.ts';
import type { LabelMap } from './read-label-map.ts';

export interface SegmentFolderOptions {
  /** Values of grey and palette masks that mean "not labelled". 255 does in masks of at most 8 bits. Default none. */
  readonly voidLabels?: readonly number[];
}

/** A folder of images with segment masks. */
export interface SegmentFolder extends SegmentDataset {
  /** Names of images without a mask, which are left out. */
  readonly unlabelled: readonly string[];
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
  for (const label of voidLabels) {
    assertNumber('segmentFolder', 'voidLabels', label, { minimum: 0, maximum: 65_535, integer: true });
  }
  const files = labelledImages('segmentFolder', images, masks, maskSuffixes);
  return {
    length: files.length,
    name: files.name,
    load: files.load,
    unlabelled: files.unlabelled,
    async segments(index) {
      const map = await files.labelMap(index);
      if (map.channels === 1 || map.bitDepth === 8) return segmentIds(map, new Set(voidLabels));
      throw new PixconError(
        'data',
        `segmentFolder: a panoptic PNG must have 8 bits per channel, got ${map.bitDepth} in ${files.maskPath(index)}`,
      );
    },
  };
}

function segmentIds({ data, channels, bitDepth, width, height }: LabelMap, voids: Set<number>): Int32Array {
  const ids = new Int32Array(width * height);
  for (let pixel = 0; pixel < ids.length; pixel++) {
    if (channels === 3) {
      const at = pixel * 3;
      const [red, green, blue] = [data[at] as number, data[at + 1] as number, data[at + 2] as number];
      ids[pixel] = red + 256 * green + 65_536 * blue;
      continue;
    }
    const value = data[pixel] as number;
    const unlabelled = (bitDepth <= 8 && value === 255) || voids.has(value);
    ids[pixel] = unlabelled ? 0 : value + 1;
  }
  return ids;
}
