import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { classFolder } from './class-folder.ts';
import { imageFolder } from './image-folder.ts';
import { segmentFolder } from './segment-folder.ts';
import { segmentationFolder } from './segmentation-folder.ts';

let root: string;
let folder: string;
let count = 0;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'pixcon-meaning-'));
});
beforeEach(() => {
  folder = join(root, String(++count));
});
afterAll(() => rmSync(root, { recursive: true }));

const at = (path: string) => join(folder, path);

function write(path: string, bytes: Uint8Array = Buffer.from('x')): void {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), bytes);
}

/** A photo of 4 × 2 pixels, or as large as asked for. */
async function photo(path: string, orientation = 1, width = 4, height = 2): Promise<void> {
  const create = { width, height, channels: 3, background: { r: 90, g: 60, b: 30 } } as const;
  const format = path.endsWith('.png') ? 'png' : 'jpeg';
  write(path, await sharp({ create }).withMetadata({ orientation }).toFormat(format).toBuffer());
}

/** A mask whose rows repeat `values`, of 4 × 2 pixels. */
async function mask(path: string, values: readonly number[], channels: 1 | 2 | 3 = 1): Promise<void> {
  const [width, height] = [values.length, 8 / values.length];
  const row = values.flatMap((value) => (channels === 2 ? [value, 255] : new Array(channels).fill(value)));
  const data = Uint8Array.from(Array.from({ length: height }, () => row).flat());
  const image = sharp(data, { raw: { width, height, channels } });
  write(path, await (channels === 3 ? image : image.toColourspace('b-w')).png().toBuffer());
}

describe('masks in which nothing can be told apart', () => {
  const open = (masks: string, options: object = {}) => segmentationFolder(at('images'), at(masks), options);

  it('are refused, with what their numbers mean and how to say otherwise', async () => {
    for (const name of ['a', 'b']) {
      await photo(`images/${name}.jpg`);
      await mask(`binary/${name}.png`, [0, 0, 255, 255]);
      await mask(`rgb/${name}.png`, [0, 255, 255, 0], 3);
      await mask(`alpha/${name}.png`, [0, 0, 0, 0], 2);
      await mask(`black/${name}.png`, [0, 0, 0, 0]);
      await mask(`white/${name}.png`, [255, 255, 255, 255]);
    }
    for (const masks of ['binary', 'rgb']) {
      await expect(open(masks)).rejects.toThrow(
        new RegExp(
          `masks of .*${masks}, but 0 and 255 are the only values of all 2 masks, and 255 means void, "not labelled"; where it is a class, give --void none`,
        ),
      );
      const dataset = await open(masks, { voidLabels: 'none' });
      expect(dataset.labelValues).toEqual([0, 255]);
      expect([...(await dataset.mask(0))].slice(0, 4)).toEqual(
        masks === 'binary' ? [0, 0, 1, 1] : [0, 1, 1, 0],
      );
    }
    await expect(open('black')).rejects.toThrow(/but 0 is the only value of all 2 masks$/);
    await expect(open('white')).rejects.toThrow(/every pixel is void; where it is a class, give --void none/);
    await expect(open('alpha')).rejects.toThrow(/the alpha channel of these masks is not read/);
    // With names, the masks are read when their labels are asked for.
    await expect((await open('binary', { classNames: ['no', 'yes'] })).labels()).rejects.toThrow(
      '255 means void',
    );
  });

  it('are refused as segments, too', async () => {
    for (const name of ['a', 'b']) {
      await photo(`images/${name}.jpg`);
      await mask(`masks/${name}.png`, [0, 0, 255, 255]);
      await mask(`two/${name}.png`, name === 'a' ? [0, 0, 0, 0] : [1, 1, 1, 1]);
      await mask(`rgb/${name}.png`, [0, 0, 255, 255], 3);
    }
    const segments = (masks: string, options: object = {}) => segmentFolder(at('images'), at(masks), options);
    await expect(segments('masks').labels()).rejects.toThrow(
      /0 and 255 are the only values of all 2 masks, no image of which shows two segments, and 255 means void/,
    );
    await expect(segments('two').labels()).rejects.toThrow('no image of which shows two segments');
    await expect(segments('rgb').labels()).rejects.toThrow('0 means void');
    for (const masks of ['masks', 'rgb']) {
      const all = segments(masks, { voidLabels: 'none' });
      expect((await all.labels()).map((label) => [label.void, label.pixels])).toEqual([
        [false, 8],
        [false, 8],
      ]);
      expect(new Set(await all.segments(0)).size).toBe(2);
      expect(await all.segments(0)).not.toContain(0);
    }
  });

  it('are counted where something can be', async () => {
    await photo('images/a.jpg');
    await photo('images/b.jpg');
    await mask('masks/a.png', [0, 128, 128, 255]);
    await mask('masks/b.png', [0, 0, 0, 0]);
    const dataset = await open('masks');
    expect(await dataset.labels()).toEqual([
      { value: 0, void: false, pixels: 10, images: [0, 1] },
      { value: 128, void: false, pixels: 4, images: [0] },
      { value: 255, void: true, pixels: 2, images: [0] },
    ]);
    expect(dataset.notices).toEqual([]);
  });

  it('are doubted where they look like pictures', async () => {
    await photo('images/a.jpg', 1, 16, 16);
    const noise = Uint8Array.from({ length: 256 }, (_, pixel) => (pixel * 37) % 251);
    const image = sharp(noise, { raw: { width: 16, height: 16, channels: 1 } }).toColourspace('b-w');
    write('masks/a.png', await image.png().toBuffer());
    expect((await open('masks')).notices).toEqual([
      expect.stringContaining('like pictures rather than labels'),
    ]);
  });
});

describe('images and masks in one place', () => {
  it('are told apart by name: a file is never both', async () => {
    for (const name of ['x (1)', 'x (2)']) {
      await photo(`${name}.png`);
      await mask(`${name}_mask.png`, [0, 0, 1, 1]);
    }
    const dataset = await segmentationFolder(folder, folder);
    expect([dataset.length, dataset.name(0), dataset.classNames.length]).toEqual([2, 'x (1).png', 2]);
    expect([...(await dataset.mask(0))]).toEqual([0, 0, 1, 1, 0, 0, 1, 1]);
    expect(dataset.notices).toEqual([expect.stringMatching(/2 PNG files are taken as masks by name/)]);
    expect(imageFolder(folder).length).toBe(2);
    expect(imageFolder(folder).notices).toEqual([
      expect.stringMatching(/2 files of .* \(\*_mask\.png\) left out as masks .*--keep-masks/),
    ]);
    expect(imageFolder(folder, { masks: 'keep' })).toMatchObject({ length: 4, notices: [] });
  });

  it('are refused where names tell nothing', async () => {
    await photo('a.png');
    await photo('b.png');
    await expect(segmentationFolder(folder, folder)).rejects.toThrow(
      /given for images and masks, but none of its 2 files is named as the mask of another/,
    );
  });

  it.each([
    ['masks within images', '', 'masks'],
    ['both within one folder', '', ''],
    ['images within the masks’ folder', 'images', ''],
    ['a folder above the masks', '', 'masks'],
  ])('pairs %s', async (kind, images, masks) => {
    const inside = kind === 'masks within images' ? '' : 'images/';
    for (const name of ['train/a', 'val/b']) {
      await photo(`${inside}${name}.jpg`);
      await mask(`masks/${name}.png`, [0, 0, 1, 1]);
    }
    const dataset = await segmentationFolder(at(images), at(masks));
    expect([dataset.length, dataset.unlabelled, dataset.unused]).toEqual([2, [], []]);
    expect(dataset.name(0)).toMatch(/train\/a\.jpg$/);
    expect(dataset.notices).toHaveLength(1);
    const photos = imageFolder(folder);
    expect(photos.length).toBe(2);
    expect(photos.notices).toEqual([expect.stringContaining('(masks/) left out as masks')]);
  });

  it('pairs a JPEG with the PNG of its name beside it', async () => {
    await photo('a.jpg');
    await photo('b.jpg');
    await mask('a.png', [0, 0, 1, 1]);
    const dataset = await segmentationFolder(folder, folder);
    expect([dataset.length, dataset.name(0), dataset.unlabelled]).toEqual([1, 'a.jpg', ['b.jpg']]);
  });
});

describe('files of other formats', () => {
  it('are counted, among images and among masks', async () => {
    await photo('images/a.jpg');
    for (const name of ['b.heic', 'c.HEIC', 'd.tiff', 'notes.txt']) write(`images/${name}`);
    await mask('masks/a.png', [0, 0, 1, 1]);
    for (const name of ['b.jpg', 'c.tif']) write(`masks/${name}`);
    write('jpegs/a.jpg');
    const counted =
      /3 pictures of .* left out, because only \.jpg .* are read: 2 × \.heic, 1 × \.tiff; convert/;
    expect(imageFolder(at('images')).notices).toEqual([expect.stringMatching(counted)]);
    expect((await segmentationFolder(at('images'), at('masks'))).notices).toEqual([
      expect.stringMatching(counted),
      expect.stringMatching(
        /2 files of .*masks are no PNG and left out: 1 × \.jpg, 1 × \.tif; masks must be PNG/,
      ),
    ]);
    await expect(segmentationFolder(at('images'), at('jpegs'))).rejects.toThrow(
      /found no PNG file, only other files: 1 × \.jpg; masks must be PNG files \(JPEG changes the numbers/,
    );
  });
});

describe('photos that EXIF turns', () => {
  const open = (options: object = {}) => segmentationFolder(at('images'), at('masks'), options);

  it('name EXIF and the cure where the mask has the stored size', async () => {
    await photo('images/a.jpg', 6);
    await mask('masks/a.png', [0, 1, 2, 3]);
    await expect(open()).rejects.toThrow(
      /got 4×2 in .*a\.png for 2×4 in .*a\.jpg; EXIF turns this photo \(orientation 6\) but not its mask: --mask-orientation stored/,
    );
    const stored = await open({ maskOrientation: 'stored' });
    expect((await stored.load(0)).width).toBe(2);
    expect([...(await stored.mask(0))]).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
    const segments = segmentFolder(at('images'), at('masks'), { maskOrientation: 'stored' });
    expect([...(await segments.segments(0))]).toEqual([1, 1, 2, 2, 3, 3, 4, 4]);
  });

  it('need no choice where the mask has the turned size alone', async () => {
    await photo('images/a.jpg', 8);
    await mask('masks/a.png', [0, 1]);
    expect((await open()).notices).toEqual([]);
    await expect(open({ maskOrientation: 'stored' })).rejects.toThrow(/mask is turned already: leave out/);
  });

  it.each([2, 3, 4])('are told of where orientation %i keeps the size', async (orientation) => {
    await photo('images/a.jpg', orientation);
    await photo('images/b.jpg');
    for (const name of ['a', 'b']) await mask(`masks/${name}.png`, [0, 1, 2, 3]);
    const dataset = await open();
    expect(dataset.notices).toEqual([
      expect.stringMatching(
        new RegExp(
          `EXIF turns or mirrors 1 photo \\(orientation ${orientation}\\), such as a\\.jpg, .*either way`,
        ),
      ),
    ]);
    expect([...(await dataset.mask(0))].slice(0, 4)).toEqual([0, 1, 2, 3]);
    const stored = await open({ maskOrientation: 'stored' });
    expect(stored.notices).toEqual([]);
    expect([...(await stored.mask(0))].slice(0, 4)).toEqual(orientation === 4 ? [0, 1, 2, 3] : [3, 2, 1, 0]);
    expect((await open({ maskOrientation: 'turned' })).notices).toEqual([]);
  });
});

describe('classFolder', () => {
  const classes = async (paths: readonly string[], options: object = {}) => {
    for (const path of paths) await photo(path);
    const dataset = classFolder(folder, options);
    const labels = Array.from({ length: dataset.length }, (_, index) => dataset.label(index));
    return { ...dataset, labels };
  };

  it('sees through the folders of a split, however they are called', async () => {
    const paths = ['Testing/cat/1.jpg', 'Testing/dog/1.jpg', 'Training/cat/2.jpg', 'Training/dog/2.jpg'];
    expect(await classes(paths)).toMatchObject({
      classNames: ['cat', 'dog'],
      labels: [0, 1, 0, 1],
      notices: [],
    });
  });

  it('takes `test` beside other classes as one, and says so', async () => {
    const { classNames, notices } = await classes(['cat/1.jpg', 'dog/1.jpg', 'test/1.jpg']);
    expect(classNames).toEqual(['cat', 'dog', 'test']);
    expect(notices).toEqual([expect.stringMatching(/^test\/ is taken as a class, because cat\/ and dog\//)]);
  });

  it('does not choose where both sides of a split lie beside another folder', async () => {
    const paths = ['misc/cat/1.jpg', 'train/cat/1.jpg', 'train/dog/1.jpg', 'val/cat/1.jpg', 'val/dog/1.jpg'];
    await expect(classes(paths)).rejects.toThrow(
      /train\/ and val\/ of .* are named like parts of a split, but misc\/ beside them is not; say which/,
    );
    expect((await classes([], { split: 'folders' })).classNames).toEqual(['cat', 'dog']);
    expect((await classes([], { split: 'hash' })).classNames).toEqual(['misc', 'train', 'val']);
  });

  it('leaves out a test part without classes', async () => {
    const { classNames, length, notices } = await classes([
      'train/cat/1.jpg',
      'train/dog/1.jpg',
      'test/7.jpg',
    ]);
    expect([classNames, length]).toEqual([['cat', 'dog'], 2]);
    expect(notices).toEqual([
      expect.stringMatching(/1 image of .* without a class folder left out: in test\//),
    ]);
  });

  it('keeps photos in a class called mask', async () => {
    const { classNames } = await classes(['mask/1.png', 'mask/2.png', 'no_mask/1.png', 'no_mask/2.png']);
    expect(classNames).toEqual(['mask', 'no_mask']);
  });
});
