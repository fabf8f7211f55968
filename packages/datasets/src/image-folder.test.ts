import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { PixconError } from '@pixcon/core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imageFolder } from './image-folder.ts';

const width = 24;
const height = 16;
/** Left half red, right half blue; the top left quarter green. */
const pixels = Uint8Array.from({ length: width * height * 3 }, (_, at) => {
  const x = Math.floor(at / 3) % width;
  const y = Math.floor(at / 3 / width);
  if (x < width / 2) return at % 3 === (y < height / 2 ? 1 : 0) ? 200 : 0;
  return at % 3 === 2 ? 200 : 0;
});
const picture = () => sharp(pixels, { raw: { width, height, channels: 3 } });

let root: string;
const at = (...path: string[]) => join(root, ...path);

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'pixcon-datasets-'));
});
afterAll(() => rmSync(root, { recursive: true }));

/** Decodes one file, by a folder of its own. */
async function decode(name: string, bytes: Uint8Array) {
  const folder = at(`one-${name}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), bytes);
  return await imageFolder(folder).load(0);
}

describe('imageFolder', () => {
  it('refuses a drawing under a photo’s name, and reads any raster', async () => {
    const drawing =
      '<svg xmlns="http://www.w3.org/2000/svg" width="24" height="16"><rect width="9" height="9"/></svg>';
    const text = (value: string) => new TextEncoder().encode(value);
    for (const [name, bytes] of [
      ['plain.png', text(drawing)],
      ['marked.jpg', text(`\ufeff<?xml version="1.0"?>\n<!-- a -->${drawing}`)],
      ['wide.webp', Uint8Array.from(Buffer.from(drawing, 'utf16le'))],
      ['packed.png', gzipSync(drawing)],
    ] as const) {
      await expect(decode(name, bytes), name).rejects.toThrow(
        new RegExp(`cannot read .*${name}: it is a drawing or a page, not a photo$`),
      );
    }
    expect(await decode('really-a-gif.jpg', await picture().gif().toBuffer())).toMatchObject({
      width,
      height,
    });
  });

  it('says in words what a decoder says of damage', async () => {
    const png = await picture().png().toBuffer();
    // The header's checksum no longer fits.
    png[20] = 0xff;
    await expect(decode('damaged.png', png)).rejects.toThrow(/damaged\.png: [^:\n]*[^:\s]$/);
  });

  it('lists a tree by path, whatever the case of extensions, without links that loop', async () => {
    const png = await picture().png().toBuffer();
    const files = ['b/2.PNG', 'b/10.png', 'a.jpeg', 'Z.webp', 'b/c/deep.jpg', '.hidden.png', 'notes.txt'];
    mkdirSync(at('tree', 'b', 'c'), { recursive: true });
    mkdirSync(at('tree', '.cache'));
    mkdirSync(at('elsewhere'));
    for (const file of [...files, '.cache/x.png', '../elsewhere/linked.png'])
      writeFileSync(at('tree', file), png);
    symlinkSync(at('tree'), at('tree', 'b', 'loop'));
    symlinkSync(at('elsewhere'), at('tree', 'other'));
    symlinkSync(at('nowhere'), at('tree', 'dangling.png'));
    const dataset = imageFolder(at('tree'));
    const names = Array.from({ length: dataset.length }, (_, index) => dataset.name(index));
    const expected = ['Z.webp', 'a.jpeg', 'b/10.png', 'b/2.PNG', 'b/c/deep.jpg', 'other/linked.png'];
    expect(names).toEqual(expected);
    expect(imageFolder(at('tree'), { extensions: ['.JPG'] }).length).toBe(1);
    expect(() => dataset.name(6)).toThrow(/from 0 to 5, got 6/);
  });

  it('says what is wrong with a folder', () => {
    mkdirSync(at('empty'));
    mkdirSync(at('texts'));
    for (const name of ['a.txt', 'b.txt', 'c.gif', 'LICENSE']) writeFileSync(at('texts', name), 'x');
    expect(() => imageFolder(at('missing'))).toThrow(/missing does not exist/);
    expect(() => imageFolder(at('texts', 'a.txt'))).toThrow(/a\.txt is not a folder/);
    expect(() => imageFolder(at('empty'))).toThrow(/found no file at all/);
    expect(() => imageFolder(at('texts'))).toThrow(/2 × \.txt, 1 × no extension, 1 × \.gif/);
    expect(() => imageFolder(at('texts'), { extensions: ['png'] })).toThrow(/with its dot/);
  });

  it('decodes lossless files bit for bit', async () => {
    const { data, ...size } = await decode('a.png', await picture().png().toBuffer());
    expect(size).toEqual({ width, height });
    expect(Uint8Array.from(data)).toEqual(pixels);
    const webp = await decode('a.webp', await picture().webp({ lossless: true }).toBuffer());
    expect(Uint8Array.from(webp.data)).toEqual(pixels);
    const palette = await decode('p.png', await picture().png({ palette: true }).toBuffer());
    expect(Uint8Array.from(palette.data)).toEqual(pixels);
  });

  it('turns a photo by its EXIF orientation', async () => {
    const bytes = await picture().jpeg({ quality: 100 }).withMetadata({ orientation: 6 }).toBuffer();
    const image = await decode('turned.jpg', bytes);
    expect([image.width, image.height]).toEqual([height, width]);
    // A quarter turn clockwise puts the green quarter at the top right.
    const topRight = (height - 3) * 3;
    expect(image.data[topRight + 1]).toBeGreaterThan(150);
    expect(image.data[6]).toBeGreaterThan(150);
  });

  it('makes 8-bit RGB of grey, 16-bit, CMYK and transparent files', async () => {
    const gray = await decode('gray.jpg', await picture().grayscale().jpeg().toBuffer());
    expect(gray.data.length).toBe(width * height * 3);
    expect(gray.data[0]).toBe(gray.data[2]);

    const deep = await decode('deep.png', await picture().toColourspace('rgb16').png().toBuffer());
    expect(Uint8Array.from(deep.data)).toEqual(pixels);

    const cmyk = await decode('cmyk.jpg', await picture().toColourspace('cmyk').jpeg().toBuffer());
    expect(cmyk.data.length).toBe(width * height * 3);
    const blue = (width - 2) * 3;
    expect(cmyk.data[blue + 2]).toBeGreaterThan((cmyk.data[blue] as number) + 40);

    const clear = await decode('clear.png', await picture().ensureAlpha(0).png().toBuffer());
    expect(clear.data.every((value) => value === 255)).toBe(true);

    const grayAlpha = await decode(
      'ga.png',
      await picture().toColourspace('b-w').ensureAlpha(1).png().toBuffer(),
    );
    expect(grayAlpha.data.length).toBe(width * height * 3);

    const dot = sharp(Uint8Array.of(9, 8, 7), { raw: { width: 1, height: 1, channels: 3 } });
    expect(Uint8Array.from((await decode('dot.png', await dot.png().toBuffer())).data)).toEqual(
      Uint8Array.of(9, 8, 7),
    );
  });

  it('names the file and the reason when one cannot be read', async () => {
    const jpeg = await picture().jpeg().toBuffer();
    const png = await picture().png().toBuffer();
    const cases: readonly [string, Uint8Array, RegExp][] = [
      ['cut.jpg', jpeg.subarray(0, jpeg.length - 40), /cut\.jpg: .*premature end/],
      ['cut.png', png.subarray(0, png.length - 40), /cut\.png: /],
      ['text.jpg', Buffer.from('hello, I am no image'), /text\.jpg: .*unsupported image format/],
      ['empty.jpg', new Uint8Array(), /empty\.jpg: the file is empty/],
    ];
    for (const [name, bytes, message] of cases) {
      const error = await decode(name, bytes).catch((reason: unknown) => reason);
      expect(PixconError.isInstance(error) && error.code).toBe('data');
      expect(String(error)).toMatch(message);
    }
    mkdirSync(at('gone'));
    writeFileSync(at('gone', 'a.png'), png);
    const dataset = imageFolder(at('gone'));
    rmSync(at('gone', 'a.png'));
    await expect(dataset.load(0)).rejects.toThrow(/a\.png: the file is missing/);
    await expect(dataset.load(1)).rejects.toThrow(/from 0 to 0, got 1/);
  });

  it('keeps images apart that are decoded at once', async () => {
    mkdirSync(at('many'));
    for (let index = 0; index < 12; index++) {
      const flat = sharp({
        create: { width: 8 + index, height: 5, channels: 3, background: { r: index, g: 0, b: 0 } },
      });
      writeFileSync(at('many', `${String(index).padStart(2, '0')}.png`), await flat.png().toBuffer());
    }
    const dataset = imageFolder(at('many'));
    const images = await Promise.all(Array.from({ length: 12 }, (_, index) => dataset.load(index)));
    for (const [index, image] of images.entries()) {
      expect(image.width).toBe(8 + index);
      expect(image.data[0]).toBe(index);
    }
  });
});
