import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { crc32 } from './bare-png.ts';
import { classFolder } from './class-folder.ts';
import { readLabelMap } from './read-label-map.ts';
import { segmentFolder } from './segment-folder.ts';
import { segmentationFolder } from './segmentation-folder.ts';

let root: string;
let folder: string;
let count = 0;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'pixcon-masks-'));
});
beforeEach(() => {
  folder = join(root, String(++count));
});
afterAll(() => rmSync(root, { recursive: true }));

function write(path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), bytes);
}

async function photo(path: string, width: number, height: number): Promise<void> {
  const create = { width, height, channels: 3, background: { r: 90, g: 60, b: 30 } } as const;
  write(
    path,
    await sharp({ create })
      .toFormat(path.endsWith('.png') ? 'png' : 'jpeg')
      .toBuffer(),
  );
}

interface Png {
  readonly width: number;
  readonly bits: 1 | 2 | 4 | 8 | 16;
  /** 0 grey, 2 RGB, 3 palette, 4 grey with alpha, 6 RGB with alpha. */
  readonly colour: number;
  /** Samples, row by row. */
  readonly samples: readonly number[];
  /** Chunks before the pixels. */
  readonly extra?: readonly [string, Uint8Array][];
}

/** A PNG encoder of a dozen lines, so that nothing stands between the numbers and the file. */
function png({ width, bits, colour, samples, extra = [] }: Png): Buffer {
  const perPixel = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }[colour] as number;
  const perRow = width * perPixel;
  const height = samples.length / perRow;
  const rows = Array.from({ length: height }, (_, y) => {
    let text = '';
    for (const sample of samples.slice(y * perRow, (y + 1) * perRow))
      text += sample.toString(2).padStart(bits, '0');
    const bytes = text.padEnd(Math.ceil(text.length / 8) * 8, '0').match(/.{8}/g) ?? [];
    return [0, ...bytes.map((byte) => Number.parseInt(byte, 2))];
  });
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([bits, colour, 0, 0, 0], 8);
  const chunk = (name: string, data: Uint8Array) => {
    const body = Buffer.concat([Buffer.from(name), data]);
    const bytes = Buffer.alloc(body.length + 8);
    bytes.writeUInt32BE(data.length, 0);
    bytes.set(body, 4);
    bytes.writeUInt32BE(crc32(body), body.length + 4);
    return bytes;
  };
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    ...extra.map(([name, data]) => chunk(name, data)),
    chunk('IDAT', deflateSync(Uint8Array.from(rows.flat()))),
    chunk('IEND', new Uint8Array()),
  ]);
}

/** Every entry the same colour: colours could not be told apart. */
const palette = (entries: number): [string, Uint8Array] => ['PLTE', new Uint8Array(entries * 3).fill(128)];
const gamma: [string, Uint8Array] = ['gAMA', Uint8Array.of(0, 1, 0x86, 0xa0)];

describe('readLabelMap', () => {
  const read = async (image: Png) => {
    write('mask.png', png(image));
    return await readLabelMap('test', join(folder, 'mask.png'));
  };

  it.each([1, 2, 4, 8] as const)(
    'gives the indices of a palette of %i bits, and grey values',
    async (bits) => {
      const samples = Array.from({ length: 5 * 3 }, (_, at) => (at * 7) % 2 ** bits);
      const transparency: [string, Uint8Array] = ['tRNS', Uint8Array.of(0)];
      for (const extra of [[palette(2 ** bits)], [gamma, palette(2 ** bits), transparency]]) {
        const { data, ...rest } = await read({ width: 5, bits, colour: 3, samples, extra });
        expect([...data]).toEqual(samples);
        expect(rest).toEqual({ width: 5, height: 3, channels: 1, bitDepth: bits, colour: 'palette' });
      }
      const grey = await read({ width: 5, bits, colour: 0, samples, extra: [gamma] });
      expect([...grey.data]).toEqual(samples);
    },
  );

  it('gives 16-bit values as they are', async () => {
    const samples = [0, 1, 255, 256, 24_003, 65_535];
    const { data, bitDepth } = await read({ width: 3, bits: 16, colour: 0, samples, extra: [gamma] });
    expect([...data]).toEqual(samples);
    expect(bitDepth).toBe(16);
  });

  it('gives colours as they are, without alpha', async () => {
    const samples = [1, 2, 3, 0, 250, 128, 7, 255];
    const { data, channels } = await read({ width: 2, bits: 8, colour: 6, samples, extra: [gamma] });
    expect([[...data], channels]).toEqual([[1, 2, 3, 250, 128, 7], 3]);
    const grey = await read({ width: 2, bits: 8, colour: 4, samples: [9, 0, 200, 17] });
    expect([[...grey.data], grey.channels]).toEqual([[9, 200], 1]);
  });

  it('names a file that is damaged or no PNG', async () => {
    const whole = png({ width: 40, bits: 8, colour: 0, samples: new Array(400).fill(3) });
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.from('no image at all, but long enough to be one, is it not'),
      whole.subarray(0, 60),
    ]) {
      write('broken.png', bytes);
      await expect(readLabelMap('test', join(folder, 'broken.png'))).rejects.toThrow(
        /cannot read the mask .*broken\.png: /,
      );
    }
    const flipped = Buffer.from(whole);
    flipped[50] = (flipped[50] as number) ^ 0xff;
    write('broken.png', flipped);
    await expect(readLabelMap('test', join(folder, 'broken.png'))).rejects.toThrow(/broken\.png: /);
  });
});

const grey = (samples: readonly number[], width = 2) => png({ width, bits: 8, colour: 0, samples });

describe('segmentationFolder', () => {
  it('pairs by path, by name, and through suffixes; leaves out what has no mask', async () => {
    const images = [
      'a/x.jpg',
      'a/y.jpeg',
      'b/x.jpg',
      'c_leftImg8bit.png',
      'd_img.jpg',
      'lonely.jpg',
      'deep/e.jpg',
    ];
    for (const image of images) await photo(`images/${image}`, 2, 1);
    write('masks/a/x.png', grey([0, 1]));
    write('masks/a/y.png', grey([1, 1]));
    write('masks/b/x.png', grey([2, 1]));
    write('masks/c_gtFine_labelIds.png', grey([7, 7]));
    write('masks/c_gtFine_labelTrainIds.png', grey([3, 255]));
    write('masks/d_gt.png', grey([4, 1]));
    write('masks/elsewhere/e.png', grey([1, 0]));
    write('masks/readme.txt', Buffer.from('x'));
    const dataset = await segmentationFolder(join(folder, 'images'), join(folder, 'masks'));
    const read: Record<string, number[]> = {};
    for (let index = 0; index < dataset.length; index++) {
      read[dataset.name(index)] = [...(await dataset.mask(index))];
      expect((await dataset.load(index)).width).toBe(2);
    }
    expect(read).toEqual({
      'a/x.jpg': [0, 1],
      'a/y.jpeg': [1, 1],
      'b/x.jpg': [2, 1],
      'c_leftImg8bit.png': [3, 255],
      'd_img.jpg': [4, 1],
      'deep/e.jpg': [1, 0],
    });
    expect(dataset.unlabelled).toEqual(['lonely.jpg']);
    expect(dataset.classNames).toEqual(['class 0', 'class 1', 'class 2', 'class 3', 'class 4']);
  });

  it('counts classes without gaps, void ones left out, and names them in the order of their values', async () => {
    await photo('images/x.jpg', 3, 2);
    write('masks/x.png', grey([0, 3, 9, 255, 11, 3], 3));
    const open = (options: object) =>
      segmentationFolder(join(folder, 'images'), join(folder, 'masks'), options);
    const found = await open({ voidLabels: [11] });
    expect(found.labelValues).toEqual([0, 3, 9]);
    expect(found.classNames).toEqual(['class 0', 'class 3', 'class 9']);
    expect([...(await found.mask(0))]).toEqual([0, 1, 2, 255, 255, 1]);

    const shifted = await open({
      voidLabels: [0],
      classNames: Array.from({ length: 11 }, (_, at) => `n${at + 1}`),
    });
    expect([...(await shifted.mask(0))]).toEqual([255, 2, 8, 255, 10, 2]);
    expect(shifted.classNames[8]).toBe('n9');

    const few = await open({ classNames: ['a', 'b'] });
    await expect(few.mask(0)).rejects.toThrow(
      /labels 0 to 1 or void in .*x\.png, got 3; name more classes or call it void/,
    );
    await expect(open({ voidLabels: [0, 3, 9, 11] })).rejects.toThrow(/every pixel is void/);
    await expect(open({ voidLabels: [256] })).rejects.toThrow(/voidLabels/);
    await expect(open({ classNames: [] })).rejects.toThrow(/at least one class/);
    await expect(open({ classNames: new Array(256).fill('x') })).rejects.toThrow(
      /at most 255 names, got 256/,
    );
  });

  it('says in a sentence what does not fit', async () => {
    await photo('images/x.jpg', 2, 1);
    const open = (masks: string) => segmentationFolder(join(folder, 'images'), join(folder, masks));
    await expect(open('missing')).rejects.toThrow(/expected a folder of masks, but .*missing does not exist/);
    write('none/note.txt', Buffer.from('x'));
    await expect(open('none')).rejects.toThrow(/such as x\.png, found no PNG file/);
    write('other/z.png', grey([0, 0]));
    await expect(open('other')).rejects.toThrow(/such as x\.png, found 1 PNG files such as z\.png/);
    write('turned/x.png', grey([0, 0], 1));
    await expect(open('turned')).rejects.toThrow(
      /size of its image, got 1×2 in .*x\.png for 2×1 in .*x\.jpg/,
    );
    write('rgb/x.png', png({ width: 2, bits: 8, colour: 2, samples: [1, 0, 0, 2, 0, 0] }));
    await expect(open('rgb')).rejects.toThrow(
      /grey or palette PNG .* got three colour channels \(a panoptic PNG/,
    );
    write('deep/x.png', png({ width: 2, bits: 16, colour: 0, samples: [1, 2] }));
    await expect(open('deep')).rejects.toThrow(/16 bits per pixel in .*x\.png/);
  });

  it('does not guess where a name occurs twice', async () => {
    await photo('images/x.jpg', 2, 1);
    await photo('images/y.jpg', 2, 1);
    for (const path of ['a/x.png', 'b/x.png', 'y.png']) write(`masks/${path}`, grey([0, 1]));
    const dataset = await segmentationFolder(join(folder, 'images'), join(folder, 'masks'));
    expect([dataset.length, dataset.name(0), dataset.unlabelled]).toEqual([1, 'y.jpg', ['x.jpg']]);
    await expect(dataset.mask(1)).rejects.toThrow(/from 0 to 0, got 1/);
  });
});

describe('segmentFolder', () => {
  it('reads panoptic ids, 16-bit instances and label maps', async () => {
    for (const name of ['p', 'i', 'v']) await photo(`images/${name}.jpg`, 3, 1);
    write('masks/p.png', png({ width: 3, bits: 8, colour: 2, samples: [0, 0, 0, 5, 0, 0, 7, 2, 1] }));
    write('masks/i.png', png({ width: 3, bits: 16, colour: 0, samples: [255, 24_001, 0] }));
    write('masks/v.png', png({ width: 3, bits: 8, colour: 3, samples: [255, 0, 4], extra: [palette(256)] }));
    const ids = async (options: object) => {
      const dataset = segmentFolder(join(folder, 'images'), join(folder, 'masks'), options);
      return [await dataset.segments(0), await dataset.segments(1), await dataset.segments(2)].map((each) => [
        ...each,
      ]);
    };
    // In order of their names: i, p, v.
    expect(await ids({})).toEqual([
      [256, 24_002, 1],
      [0, 5, 7 + 2 * 256 + 65_536],
      [0, 1, 5],
    ]);
    expect((await ids({ voidLabels: [0, 24_001] }))[0]).toEqual([256, 0, 0]);
    write('masks/p.png', png({ width: 3, bits: 16, colour: 2, samples: new Array(9).fill(1) }));
    await expect(ids({})).rejects.toThrow(/8 bits per channel, got 16/);
  });
});

describe('classFolder', () => {
  it('takes classes from folders, also below train and val', async () => {
    for (const path of ['train/rose/1.jpg', 'train/tulip/1.jpg', 'val/tulip/deep/2.jpg', 'val/rose/3.jpg']) {
      await photo(path, 2, 1);
    }
    const dataset = classFolder(folder);
    expect(dataset.classNames).toEqual(['rose', 'tulip']);
    const labels = Array.from({ length: 4 }, (_, index) => [dataset.name(index), dataset.label(index)]);
    expect(labels).toEqual([
      ['train/rose/1.jpg', 0],
      ['train/tulip/1.jpg', 1],
      ['val/rose/3.jpg', 0],
      ['val/tulip/deep/2.jpg', 1],
    ]);
    expect(() => dataset.label(4)).toThrow(/from 0 to 3/);
    expect((await dataset.load(0)).width).toBe(2);
  });

  it('refuses what has no classes', async () => {
    await photo('one/a.jpg', 2, 1);
    expect(() => classFolder(folder)).toThrow(/at least two classes in .*, found one alone/);
    await photo('loose.jpg', 2, 1);
    expect(() => classFolder(folder)).toThrow(/but loose\.jpg lies in none/);
  });
});
