import { type DecodedImage, PixconError, RandomStream } from '@pixcon/core';
import { describe, expect, it } from 'vitest';
import { cropAndResize } from './crop-and-resize.ts';

function makeImage(width: number, height: number): DecodedImage {
  const random = new RandomStream(width * 1000 + height);
  return {
    data: Uint8Array.from({ length: width * height * 3 }, () => random.integer(0, 256)),
    width,
    height,
  };
}

const whole = ({ width, height }: DecodedImage) => ({ x0: 0, y0: 0, x1: width, y1: height });

/** One new pixel, straight from the definition: triangle weights over the crop, normalised. */
function naivePixel(image: DecodedImage, size: number, x: number, y: number, channel: number): number {
  const reachX = Math.max(1, image.width / size);
  const reachY = Math.max(1, image.height / size);
  const centreX = ((x + 0.5) * image.width) / size;
  const centreY = ((y + 0.5) * image.height) / size;
  let sum = 0;
  let total = 0;
  for (let row = 0; row < image.height; row++) {
    for (let column = 0; column < image.width; column++) {
      const weight =
        Math.max(0, 1 - Math.abs(column + 0.5 - centreX) / reachX) *
        Math.max(0, 1 - Math.abs(row + 0.5 - centreY) / reachY);
      sum += weight * (image.data[(row * image.width + column) * 3 + channel] as number);
      total += weight;
    }
  }
  return sum / total;
}

describe('cropAndResize', () => {
  for (const [width, height, size] of [
    [40, 31, 16],
    [5, 7, 16],
    [97, 3, 8],
    [1, 1, 4],
    [16, 16, 16],
    [200, 180, 1],
  ] as const) {
    it(`follows the definition from ${width} × ${height} to ${size}`, async () => {
      const image = makeImage(width, height);
      const result = await cropAndResize(image, { box: whole(image), flipped: false }, size);
      expect(result.length).toBe(size * size * 3);
      for (let y = 0; y < size; y++) {
        for (let x = 0; x < size; x++) {
          for (let channel = 0; channel < 3; channel++) {
            const value = result[(y * size + x) * 3 + channel] as number;
            expect(Math.abs(value - naivePixel(image, size, x, y, channel))).toBeLessThan(0.501);
          }
        }
      }
    });
  }

  it('copies a crop of the size asked for, bit for bit', async () => {
    const image = makeImage(30, 20);
    const box = { x0: 12, y0: 3, x1: 22, y1: 13 };
    const result = await cropAndResize(image, { box, flipped: false }, 10);
    for (let y = 0; y < 10; y++) {
      const start = ((y + 3) * 30 + 12) * 3;
      expect(result.subarray(y * 30, y * 30 + 30)).toEqual(image.data.subarray(start, start + 30));
    }
  });

  it('mirrors after the crop', async () => {
    const image = makeImage(50, 40);
    const box = { x0: 3, y0: 5, x1: 45, y1: 38 };
    const plain = await cropAndResize(image, { box, flipped: false }, 12);
    const flipped = await cropAndResize(image, { box, flipped: true }, 12);
    for (let at = 0; at < plain.length; at += 3) {
      const x = (at / 3) % 12;
      const mirror = at + (11 - 2 * x) * 3;
      expect(flipped.slice(at, at + 3)).toEqual(plain.slice(mirror, mirror + 3));
    }
  });

  it('serves many crops at once, each its own, and leaves the image alone', async () => {
    const image = makeImage(64, 64);
    const before = image.data.slice();
    const sizes = Array.from({ length: 60 }, (_, index) => 4 + (index % 7));
    const results = await Promise.all(
      sizes.map((size, index) => {
        const box = { x0: index % 9, y0: 0, x1: 40 + (index % 9), y1: 64 };
        return cropAndResize(image, { box, flipped: index % 2 === 1 }, size);
      }),
    );
    expect(results.map(({ length }) => length)).toEqual(sizes.map((size) => size * size * 3));
    const again = await cropAndResize(image, { box: { x0: 5, y0: 0, x1: 45, y1: 64 }, flipped: true }, 9);
    expect(results[5]).toEqual(again);
    expect(image.data).toEqual(before);
  });

  it('refuses boxes outside the image and data that is not RGB', async () => {
    const image = makeImage(8, 8);
    const view = (x0: number, y0: number, x1: number, y1: number) => ({
      box: { x0, y0, x1, y1 },
      flipped: false,
    });
    const bad = [view(-1, 0, 4, 4), view(0, 0, 9, 4), view(2, 2, 2, 4), view(0, 0, 4.5, 4)];
    for (const geometry of bad) {
      await expect(cropAndResize(image, geometry, 4)).rejects.toThrow(/must lie in the 8 × 8 image/);
    }
    await expect(cropAndResize(image, view(0, 0, 4, 4), 0)).rejects.toThrow(/size/);
    const gray = { ...image, data: new Uint8Array(64) };
    await expect(cropAndResize(gray, view(0, 0, 4, 4), 4)).rejects.toSatisfy(PixconError.isInstance);
  });
});
