import { describe, expect, it } from 'vitest';
import { isMaskFolder } from './mask-words.ts';
import { pairNames } from './pair-names.ts';
import { masksAmongImages } from './separate-masks.ts';

/** Pairs by name. */
function paired(images: readonly string[], masks: readonly string[], suffixes?: readonly string[]) {
  const { pairs } = pairNames(images, masks, suffixes);
  return Object.fromEntries(pairs.map(({ image, mask }) => [images[image], masks[mask]]));
}

describe('pairNames', () => {
  it('gives a mask to one image: the same path before the same name', () => {
    const images = ['a/0001.jpg', 'b/0001.jpg', 'a/0002.jpg'];
    expect(paired(images, ['a/0001.png', 'a/0002.png'])).toEqual({
      'a/0001.jpg': 'a/0001.png',
      'a/0002.jpg': 'a/0002.png',
    });
    // Two images ask for it: neither gets it.
    expect(paired(['a/1.jpg', 'b/1.jpg'], ['1.png'])).toEqual({});
    expect(paired(['x.jpg', 'x.jpeg'], ['x.png'])).toEqual({});
    expect(paired(['x.jpg', 'x.png'], ['x.png'])).toEqual({ 'x.png': 'x.png' });
    expect(paired(['deep/x.jpg'], ['elsewhere/x.png'])).toEqual({ 'deep/x.jpg': 'elsewhere/x.png' });
    expect(paired(['x.jpg'], ['a/x.png', 'b/x.png'])).toEqual({});
  });

  it('compares paths before it cuts anything from a name', () => {
    const images = ['face.jpg', 'face_mask.jpg'];
    expect(paired(images, ['face_mask.png', 'face_mask_mask.png'])).toEqual({
      'face_mask.jpg': 'face_mask.png',
    });
    expect(paired(images, ['face.png', 'face_mask.png'])).toEqual({
      'face.jpg': 'face.png',
      'face_mask.jpg': 'face_mask.png',
    });
  });

  it.each([
    ['x_leftImg8bit.png', 'x_gtFine_labelIds.png'],
    ['x.jpg', 'x_mask.png'],
    ['x.jpg', 'x_Mask.png'],
    ['x.jpg', 'x-label.png'],
    ['x_img.jpg', 'x_gt.png'],
    ['img_7.jpg', 'mask_7.png'],
    ['image-7.jpg', 'mask-7.png'],
    ['x.jpg', 'x_L.png'],
    ['x (1).png', 'x (1)_mask.png'],
    ['images/train/7.jpg', 'labels/train/7.png'],
    ['train/images/7.jpg', 'train/labels/7.png'],
    ['train_images/7.jpg', 'train_masks/7.png'],
    ['train2017/7.jpg', 'panoptic_train2017/7.png'],
    ['leftImg8bit/val/ulm/u_leftImg8bit.png', 'gtFine/val/ulm/u_gtFine_labelIds.png'],
  ])('sees that %s and %s belong together', (image, mask) => {
    const other = [image.replace(/train|val/, 'test'), mask.replace(/train|val/, 'test')] as const;
    const both = other[0] === image ? [] : other;
    const expected = { [image]: mask, ...(both.length === 0 ? {} : { [other[0]]: other[1] }) };
    expect(paired([image, ...both.slice(0, 1)], [mask, ...both.slice(1)], ['', '_L'])).toEqual(expected);
  });

  it('prefers masks in the order of their ends, and tells those passed over', () => {
    const masks = ['x_gtFine_color.png', 'x_gtFine_labelIds.png', 'x_gtFine_labelTrainIds.png', 'z.png'];
    const found = pairNames(['x_leftImg8bit.png'], masks, ['', '_gtFine_labelTrainIds', '_gtFine_labelIds']);
    expect(found).toEqual({
      pairs: [{ image: 0, mask: 2 }],
      passedOver: [
        { mask: 0, preferred: 2 },
        { mask: 1, preferred: 2 },
      ],
      withoutImage: [3],
    });
  });

  it('never gives a file twice, whatever the names', () => {
    const parts = ['a/', 'b/', 'images/', ''];
    const names = ['x', 'x_mask', 'x_img', 'y', 'mask_x'];
    const all = parts.flatMap((part) => names.map((name) => part + name));
    const images = all.map((name) => `${name}.jpg`);
    const masks = all.map((name) => `${name}.png`);
    const { pairs } = pairNames(images, masks.slice(3).reverse());
    expect(new Set(pairs.map(({ mask }) => mask)).size).toBe(pairs.length);
    expect(new Set(pairs.map(({ image }) => image)).size).toBe(pairs.length);
    // Whatever has its own path gets its own path.
    for (const { image, mask } of pairs) {
      const own = masks.slice(3).includes(`${all[image]}.png`);
      if (own) expect(masks.slice(3).reverse()[mask]).toBe(`${all[image]}.png`);
    }
  });
});

describe('masksAmongImages', () => {
  const found = (names: readonly string[]) =>
    masksAmongImages(names).map(({ where, indices }) => [where, indices.map((index) => names[index])]);

  it.each([
    'masks',
    'Masks',
    'annotations',
    'labels',
    'SegmentationClass',
    'gtFine',
    'train_masks',
    'masks_png',
  ])('finds those of a folder %s', (folder) => {
    expect(isMaskFolder(folder)).toBe(true);
    expect(found(['images/1.jpg', 'images/2.jpg', `${folder}/1.png`, `${folder}/2.png`])).toEqual([
      [`${folder}/`, [`${folder}/1.png`, `${folder}/2.png`]],
    ]);
  });

  it('finds those beside their images', () => {
    expect(found(['x (1).png', 'x (1)_mask.png', 'x (2).png', 'x (2)_mask.png', 'y.jpg'])).toEqual([
      ['*_mask.png', ['x (1)_mask.png', 'x (2)_mask.png']],
    ]);
    expect(found(['a/s_leftImg8bit.png', 'a/s_gtFine_labelIds.png'])).toEqual([
      ['*_gtFine_labelIds.png', ['a/s_gtFine_labelIds.png']],
    ]);
    expect(found(['1.jpg', '1_seg.png', '1_parts_1.png', '1_parts_2.png'])).toHaveLength(2);
  });

  it('leaves photos whose folder or name only says so', () => {
    expect(found(['mask/anna.jpg', 'mask/ben.jpg', 'no_mask/carl.jpg'])).toEqual([]);
    expect(found(['with_mask/1.jpg', 'without_mask/1.jpg'])).toEqual([]);
    expect(found(['masks/1.png', 'masks/2.png'])).toEqual([]);
    expect(found(['carnival_mask.jpg', 'other.jpg'])).toEqual([]);
    expect(found(['Instant/1.jpg', 'stuffed/1.jpg', 'labels of wine/1.jpg'])).toEqual([]);
  });
});
