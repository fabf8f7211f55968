import type { DecodedImage } from '@pixcon/core';

/**
 * The image at `longestSide` pixels or fewer on its longer side, each new pixel the mean of the pixels that it
 * covers, also in part. An image that is small enough comes back as it is.
 */
export function shrinkImage(image: DecodedImage, longestSide: number): DecodedImage {
  const factor = Math.max(image.width, image.height) / longestSide;
  if (factor <= 1) return image;
  const width = Math.max(1, Math.round(image.width / factor));
  const height = Math.max(1, Math.round(image.height / factor));
  const columns = covered(image.width, width);
  const rows = covered(image.height, height);
  const data = new Uint8Array(width * height * 3);
  let to = 0;
  for (const [top, bottom] of rows) {
    for (const [left, right] of columns) {
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let y = top; y < bottom; y++) {
        const end = (y * image.width + right) * 3;
        for (let at = (y * image.width + left) * 3; at < end; at += 3) {
          red += image.data[at] as number;
          green += image.data[at + 1] as number;
          blue += image.data[at + 2] as number;
        }
      }
      const count = (bottom - top) * (right - left);
      data[to++] = Math.round(red / count);
      data[to++] = Math.round(green / count);
      data[to++] = Math.round(blue / count);
    }
  }
  return { data, width, height };
}

/** For each of `size` new pixels on an axis, the first of the `length` old ones that it covers and the one after. */
function covered(length: number, size: number): [number, number][] {
  return Array.from({ length: size }, (_, i) => [
    Math.floor((i * length) / size),
    Math.ceil(((i + 1) * length) / size),
  ]);
}
