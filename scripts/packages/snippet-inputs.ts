import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp from 'sharp';

const side = 64;

/** Numbers of a snippet that stand for days of training, and what they are in a check. */
export const smaller: readonly (readonly [string, string])[] = [
  ['queueLength: 65_536', 'queueLength: 64'],
  [
    "{ epochs: 800, batchSize: 512, out: 'runs/sr' }",
    "{ epochs: 1, batchSize: 2, imageSize: 32, report: false, out: 'runs/sr' }",
  ],
];

/** The folders that READMEs call the reader's own: photos, photos with masks, with segments, with classes. */
export async function writeInputs(folder: string): Promise<void> {
  const places = [
    ...Array.from({ length: 8 }, (_, index) => `photos/${index}.jpg`),
    ...['0', '1'].map((index) => `coco/train2017/${index}.jpg`),
    ...['lily', 'rose'].map((name) => `flowers/${name}/0.jpg`),
    ...Array.from({ length: 6 }, (_, index) => `camvid/images/${index}.jpg`),
    ...['0', '1'].map((index) => `coco/val2017/${index}.jpg`),
  ];
  const masks = [
    ...Array.from({ length: 6 }, (_, index) => `camvid/masks/${index}.png`),
    ...['0', '1'].map((index) => `coco/panoptic_val2017/${index}.png`),
  ];
  await Promise.all([
    ...places.map(async (path, seed) => put(join(folder, path), await photo(seed))),
    ...masks.map(async (path) => put(join(folder, path), await halves(path.startsWith('camvid') ? 1 : 3))),
  ]);
}

async function put(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
}

function photo(seed: number): Promise<Uint8Array> {
  const data = Uint8Array.from({ length: side * side * 3 }, (_, at) => (at * (7 + seed) + (at >> 6)) % 256);
  return sharp(data, { raw: { width: side, height: side, channels: 3 } })
    .jpeg()
    .toBuffer();
}

/** Left half 1, right half 2. */
function halves(channels: 1 | 3): Promise<Uint8Array> {
  const data = Uint8Array.from({ length: side * side * channels }, (_, at) =>
    at % channels > 0 ? 0 : 1 + Number(Math.floor(at / channels) % side >= side / 2),
  );
  const png = sharp(data, { raw: { width: side, height: side, channels } });
  return (channels === 1 ? png.toColourspace('b-w') : png).png().toBuffer();
}
