import type { DecodedImage } from '@pixcon/core';

/**
 * Resizes to `height × width` with a triangle filter as wide as the reduction (antialiased bilinear: Pillow's
 * and torchvision's `resize`), on the host, so that every backend sees the same pixels.
 *
 * @returns interleaved RGB in [0, 255], `[height × width × 3]`, not rounded
 */
export function resizeImage(image: DecodedImage, height: number, width: number): Float32Array {
  const across = axisFilter(image.width, width);
  const down = axisFilter(image.height, height);
  const { data } = image;
  const rows = new Float32Array(image.height * width * 3);
  for (let y = 0; y < image.height; y++) {
    const source = y * image.width * 3;
    for (let x = 0; x < width; x++) accumulate(data, source, 3, across[x] as Taps, rows, (y * width + x) * 3);
  }
  const stride = width * 3;
  const result = new Float32Array(height * stride);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++)
      accumulate(rows, x * 3, stride, down[y] as Taps, result, y * stride + x * 3);
  }
  return result;
}

/** The input positions that an output position averages. */
interface Taps {
  readonly start: number;
  readonly weights: Float64Array;
}

function axisFilter(from: number, to: number): Taps[] {
  const scale = from / to;
  const support = Math.max(scale, 1);
  return Array.from({ length: to }, (_, index) => {
    const centre = (index + 0.5) * scale;
    const start = Math.max(0, Math.floor(centre - support + 0.5));
    const end = Math.min(from, Math.floor(centre + support + 0.5));
    const weights = Float64Array.from({ length: end - start }, (_, tap) =>
      Math.max(0, 1 - Math.abs((start + tap + 0.5 - centre) / support)),
    );
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { start, weights: weights.map((weight) => weight / sum) };
  });
}

/** Writes the weighted sum of three channels: tap t lies at `offset + (start + t) · stride`. */
function accumulate(
  source: ArrayLike<number>,
  offset: number,
  stride: number,
  { start, weights }: Taps,
  target: Float32Array,
  position: number,
): void {
  let red = 0;
  let green = 0;
  let blue = 0;
  let at = offset + start * stride;
  for (const weight of weights) {
    red += weight * (source[at] as number);
    green += weight * (source[at + 1] as number);
    blue += weight * (source[at + 2] as number);
    at += stride;
  }
  target[position] = red;
  target[position + 1] = green;
  target[position + 2] = blue;
}
