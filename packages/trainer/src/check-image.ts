import { type DecodedImage, type ImageDataset, PixconError } from '@pixcon/core';

/** The data set, whose images are checked as they are loaded. */
export function checkedImages(dataset: ImageDataset): ImageDataset {
  return {
    length: dataset.length,
    name: (index) => dataset.name(index),
    async load(index) {
      const image = await dataset.load(index);
      assertImage(dataset.name(index), image);
      return image;
    },
  };
}

/**
 * Throws unless a data set gave bytes of RGB that fit their size: numbers from 0 to 1, or an alpha channel, would train
 * on something else without a word.
 *
 * @throws PixconError `invalid-argument`
 */
function assertImage(name: string, image: DecodedImage): void {
  const { data, width, height } = (image ?? {}) as Partial<DecodedImage>;
  const refuse = (wanted: string, got: string) =>
    new PixconError('invalid-argument', `dataset: load must give ${wanted} for ${name}, got ${got}`);
  const whole = [width, height].every((side) => Number.isInteger(side) && (side as number) > 0);
  if (!whole) throw refuse('a width and a height in whole pixels', `${width} and ${height}`);
  const bytes: unknown = data;
  if (!(bytes instanceof Uint8Array || bytes instanceof Uint8ClampedArray)) {
    const got = (bytes as object | undefined)?.constructor?.name ?? String(bytes);
    throw refuse('a Uint8Array, from 0 to 255', got);
  }
  const pixels = (width as number) * (height as number);
  if (bytes.length === 3 * pixels) return;
  const channels = bytes.length / pixels;
  const meaning = Number.isInteger(channels) ? ` (${channels} channels)` : '';
  throw refuse(`${3 * pixels} bytes of RGB, ${width} × ${height}`, `${bytes.length}${meaning}`);
}
