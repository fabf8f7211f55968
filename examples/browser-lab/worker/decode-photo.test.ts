import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { imageFolder } from '@pixcon/datasets';
import { type Browser, chromium, type Page } from 'playwright';
import sharp, { type Sharp } from 'sharp';
import { createServer, type ViteDevServer } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../test/find-chromium.ts';
import { withExifOrientation, withPngChunk } from '../test/photo-files.ts';

const executablePath = findChromium();
const [width, height] = [24, 16];

/** Smooth, so that what is told is colour and place, and not how chroma is enlarged. */
function ramp(channels: 1 | 2 | 3 | 4, alpha = (x: number) => 40 + 8 * x): Sharp {
  const data = new Uint8Array(width * height * channels);
  for (let at = 0; at < width * height; at++) {
    const [x, y] = [at % width, Math.floor(at / width)];
    const colours = [10 * x + 8, 15 * y + 10, 250 - 6 * x - 5 * y];
    const values = channels > 2 ? colours : [5 * x + 7 * y];
    data.set(channels % 2 === 0 ? [...values, Math.min(255, alpha(x))] : values, at * channels);
  }
  return sharp(data, { raw: { width, height, channels } });
}

const jpeg = (image: Sharp) => image.jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer();
const png = (image: Sharp) => image.png().toBuffer();
const webp = (image: Sharp) => image.webp({ lossless: true }).toBuffer();
const grey = (channels: 1 | 2) => ramp(channels).toColourspace('b-w');
const gamma = (value: number) => Uint8Array.of(0, 0, value >> 8, value & 255);
const orientations = [1, 2, 3, 4, 5, 6, 7, 8];

const files: Record<string, () => Promise<Uint8Array>> = {
  'a.jpg': () => jpeg(ramp(3)),
  'grey.jpg': () => jpeg(grey(1)),
  'alpha.png': () => png(ramp(4)),
  'clear.png': () => png(ramp(4, () => 0)),
  'grey-alpha.png': () => png(grey(2)),
  'palette-alpha.png': () => ramp(4).png({ palette: true, colours: 16 }).toBuffer(),
  'sixteen.png': () => png(ramp(3).toColourspace('rgb16')),
  'sixteen-alpha.png': () => png(ramp(4).toColourspace('rgb16')),
  'sixteen-grey.png': () => png(ramp(1).toColourspace('grey16')),
  'interlaced.png': () => ramp(3).png({ progressive: true }).toBuffer(),
  'gamma.png': async () => withPngChunk(await png(ramp(3)), 'gAMA', gamma(60_000)),
  'gamma-grey.png': async () => withPngChunk(await png(grey(1)), 'gAMA', gamma(30_000)),
  'gamma-alpha.png': async () => withPngChunk(await png(ramp(4)), 'gAMA', gamma(20_000)),
  'srgb.png': async () => withPngChunk(await png(ramp(3)), 'sRGB', Uint8Array.of(0)),
  'cicp.png': async () => withPngChunk(await png(ramp(3)), 'cICP', Uint8Array.of(9, 16, 0, 1)),
  'alpha.webp': () => webp(ramp(4)),
  'lossy.webp': () => ramp(3).webp({ quality: 95 }).toBuffer(),
  'p3.jpg': () => jpeg(ramp(3).withIccProfile('p3')),
  'p3.png': () => png(ramp(3).withIccProfile('p3')),
  'p3.webp': () => webp(ramp(3).withIccProfile('p3')),
  'p3-alpha.png': () => png(ramp(4).withIccProfile('p3')),
  'srgb-profile.jpg': () => jpeg(ramp(3).withIccProfile('srgb')),
  ...Object.fromEntries(
    orientations.flatMap((orientation) => [
      [`turned-${orientation}.jpg`, () => jpeg(ramp(3).withMetadata({ orientation }))],
      [`turned-${orientation}.webp`, () => webp(ramp(3).withMetadata({ orientation }))],
      [`turned-${orientation}.png`, async () => withExifOrientation(await png(ramp(3)), orientation)],
    ]),
  ),
};

describe.skipIf(executablePath === undefined)('decodePhoto', () => {
  let folder: string;
  let server: ViteDevServer;
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pixcon-photos-'));
    await Promise.all(
      Object.entries(files).map(async ([name, make]) => writeFile(join(folder, name), await make())),
    );
    server = await createServer({
      root: join(import.meta.dirname, '..'),
      logLevel: 'error',
      server: { host: '127.0.0.1', port: 0, hmr: false },
    });
    await server.listen();
    browser = await chromium.launch({ executablePath: executablePath as string });
    page = await browser.newPage();
    await page.route('**/empty.html', (route) => route.fulfill({ contentType: 'text/html', body: '' }));
    await page.goto(`${server.resolvedUrls?.local[0]}empty.html`);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function decodeInPage(name: string, bytes: Uint8Array) {
    // As text: vitest would rewrite the import.
    const program = `(async () => {
      const { decodePhoto } = await import('/worker/decode-photo.ts');
      const blob = await (await fetch('data:;base64,${Buffer.from(bytes).toString('base64')}')).blob();
      const image = await decodePhoto(blob, '${name}', 320);
      return { ...image, data: [...image.data] };
    })()`;
    return (await page.evaluate(program)) as { width: number; height: number; data: number[] };
  }

  it.each(Object.keys(files))('gives the pixels that Node gives of %s', async (name) => {
    const dataset = imageFolder(folder);
    const index = Array.from({ length: dataset.length }, (_, i) => dataset.name(i)).indexOf(name);
    const wanted = await dataset.load(index);
    const got = await decodeInPage(name, (await files[name]?.()) as Uint8Array);
    expect([got.width, got.height]).toEqual([wanted.width, wanted.height]);
    const worst = Math.max(...got.data.map((value, at) => Math.abs(value - (wanted.data[at] as number))));
    expect(worst).toBeLessThanOrEqual(2);
  });

  it('refuses the inks of a CMYK JPEG, of which browsers make other colours', async () => {
    const bytes = await ramp(3).toColourspace('cmyk').jpeg().toBuffer();
    await expect(decodeInPage('inks.jpg', bytes)).rejects.toThrow(/inks\.jpg is a CMYK JPEG.*save it as RGB/);
  });
});
