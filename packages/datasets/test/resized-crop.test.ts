import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { cropAndResize } from '../src/index.ts';

interface Entry {
  readonly shape: readonly [number, number, number, number];
  readonly data_offsets: readonly [number, number];
}

/** A `[1, 3, height, width]` tensor of the fixture as interleaved values × 255. */
function readPicture(name: string): { values: Float64Array; width: number; height: number } {
  const file = readFileSync(new URL('./fixtures/resized_crop.safetensors', import.meta.url));
  const headerLength = Number(file.readBigUInt64LE(0));
  const header: Record<string, Entry> = JSON.parse(file.toString('utf8', 8, 8 + headerLength));
  const { shape, data_offsets } = header[name] as Entry;
  const [, , height, width] = shape;
  const start = 8 + headerLength + data_offsets[0];
  const values = new Float64Array(height * width * 3);
  for (let at = 0; at < values.length; at++) {
    const pixel = Math.floor(at / 3);
    values[at] = 255 * file.readFloatLE(start + 4 * ((at % 3) * height * width + pixel));
  }
  return { values, width, height };
}

const box = { x0: 11, y0: 7, x1: 72, y1: 87 };

it("agrees with torchvision's resized_crop to half a grey level", async () => {
  const { values, width, height } = readPicture('input');
  const { values: expected } = readPicture('crop_y7_x11_h80_w61_resize_64_antialias');
  const data = Uint8Array.from(values, Math.round);
  const result = await cropAndResize({ data, width, height }, { box, flipped: false }, 64);
  let worst = 0;
  let total = 0;
  for (const [at, value] of result.entries()) {
    worst = Math.max(worst, Math.abs(value - (expected[at] as number)));
    total += Math.abs(value - Math.round(expected[at] as number));
  }
  expect(worst).toBeLessThan(0.502);
  // Against torchvision's value rounded to 8 bits: only ties can differ.
  expect(total / result.length).toBeLessThan(0.01);
});
