import { assertNumber, type DecodedImage, type ImageDataset } from '@pixcon/core';

export interface KeepDecodedOptions {
  /** What the decoded images may take, in bytes. Default 512 MiB. */
  readonly bytes?: number;
}

/**
 * The same images, decoded once: later epochs find them in memory. A data set that turns out not to fit gives its
 * memory back and is decoded each time, because an epoch in random order would find few of its images in a part.
 *
 * @param dataset its images must not be written to
 * @throws PixconError `invalid-argument` for a negative size
 *
 * @example
 * const dataset = keepDecoded(imageFolder('photos'));
 * (await dataset.load(0)) === (await dataset.load(0)); // => true
 */
export function keepDecoded(dataset: ImageDataset, options: KeepDecodedOptions = {}): ImageDataset {
  const { bytes = 512 * 2 ** 20 } = options;
  assertNumber('keepDecoded', 'bytes', bytes, { minimum: 0 });
  const kept = new Map<number, DecodedImage>();
  let room = bytes;
  return {
    length: dataset.length,
    name: (index) => dataset.name(index),
    async load(index) {
      const known = kept.get(index);
      if (known) return known;
      const image = await dataset.load(index);
      // Another call may have been decoding the same image.
      if (room >= 0 && !kept.has(index)) {
        room -= image.data.byteLength;
        kept.set(index, image);
        if (room < 0) kept.clear();
      }
      return image;
    },
  };
}
