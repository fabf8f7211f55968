import { assertNumber, type Box, type DecodedImage, PixconError, type ViewGeometry } from '@pixcon/core';
import { resampleOnThread } from './resample-pool.ts';

/**
 * Cuts a view out of an image, resizes it to `size` × `size` and mirrors it where asked, off the main thread.
 * Bilinear with antialiasing, pixel centres at halves, rounded to 8 bits once: what torchvision's
 * `resized_crop` (antialiased) and `hflip` give, to half a grey level.
 *
 * sharp's own resize is not used here: libvips enlarges from the pixels' corners, which shifts a view by up to
 * half a source pixel against its box, and repeats border pixels when it shrinks.
 *
 * @param geometry box in whole pixels inside the image
 * @param size side of the result in pixels
 * @returns interleaved RGB, `[size × size × 3]`
 * @throws PixconError `invalid-argument` for a box outside the image or a size that is no whole number,
 * `data` for an image whose data does not fit its size
 *
 * @example
 * const image = await dataset.load(0);
 * const [geometry] = sampleTwoCrops(image.width, image.height, random);
 * await cropAndResize(image, geometry, 128); // => Uint8Array of 128 × 128 × 3
 */
export async function cropAndResize(
  image: DecodedImage,
  geometry: ViewGeometry,
  size: number,
): Promise<Uint8Array> {
  assertNumber('cropAndResize', 'size', size, { minimum: 1, integer: true });
  const { box, flipped } = geometry;
  assertInside(image, box);
  return await resampleOnThread({
    data: cut(image, box),
    width: box.x1 - box.x0,
    height: box.y1 - box.y0,
    size,
    flipped,
  });
}

/** A copy of the crop, so that only its bytes go to the thread. */
function cut({ data, width }: DecodedImage, { x0, y0, x1, y1 }: Box): Uint8Array<ArrayBuffer> {
  const line = (x1 - x0) * 3;
  const crop = new Uint8Array(line * (y1 - y0));
  for (let y = y0; y < y1; y++) {
    const start = (y * width + x0) * 3;
    crop.set(data.subarray(start, start + line), (y - y0) * line);
  }
  return crop;
}

function assertInside({ data, width, height }: DecodedImage, { x0, y0, x1, y1 }: Box): void {
  if (data.length !== width * height * 3) {
    throw new PixconError(
      'data',
      `cropAndResize: an RGB image of ${width} × ${height} has ${width * height * 3} bytes, got ${data.length}`,
    );
  }
  const whole = [x0, y0, x1, y1].every(Number.isInteger);
  if (whole && x0 >= 0 && y0 >= 0 && x1 > x0 && y1 > y0 && x1 <= width && y1 <= height) return;
  throw new PixconError(
    'invalid-argument',
    `cropAndResize: the box must lie in the ${width} × ${height} image in whole pixels, got ` +
      `x ${x0} to ${x1}, y ${y0} to ${y1}`,
  );
}
