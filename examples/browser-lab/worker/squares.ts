import { type DecodedImage, type ImageDataset, PixconError, type RandomStream } from '@pixcon/core';

/** Images put into the top left corner of squares of one size: shapes on the device then never change. */
export interface Squares {
  readonly side: number;
  /** `[images, side, side, 3]`, 0 to 255. */
  readonly pixels: Uint8Array;
  /** The part of each square that is its image. */
  readonly sizes: readonly { readonly width: number; readonly height: number }[];
  readonly names: readonly string[];
}

export interface LoadSquaresOptions {
  /** Which images. */
  readonly indices: Iterable<number>;
  readonly side: number;
  /** Chooses an image in place of one that cannot be read. */
  readonly random: RandomStream;
  /** Hears of each image that cannot be read. */
  readonly onUnreadable: (name: string, reason: string) => void;
}

/** Draws before a batch is given up: enough for a folder of which most cannot be read. */
const attempts = 50;

/** @throws PixconError `unreadable-data` when one readable image after another is missing */
export async function loadSquares(dataset: ImageDataset, options: LoadSquaresOptions): Promise<Squares> {
  const { side } = options;
  const images = await Promise.all(Array.from(options.indices, (index) => loadOne(dataset, index, options)));
  const pixels = new Uint8Array(images.length * side * side * 3);
  for (const [place, { data, width, height }] of images.entries()) {
    for (let row = 0; row < height; row++) {
      const line = data.subarray(row * width * 3, (row + 1) * width * 3);
      pixels.set(line, (place * side + row) * side * 3);
    }
  }
  return {
    side,
    pixels,
    sizes: images.map(({ width, height }) => ({ width, height })),
    names: images.map(({ name }) => name),
  };
}

async function loadOne(
  dataset: ImageDataset,
  index: number,
  { random, onUnreadable }: LoadSquaresOptions,
): Promise<DecodedImage & { readonly name: string }> {
  let chosen = index;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const name = dataset.name(chosen);
    try {
      return { name, ...(await dataset.load(chosen)) };
    } catch (error) {
      if (!(PixconError.isInstance(error) && error.code === 'data')) throw error;
      onUnreadable(name, error.message);
    }
    chosen = random.fork('substitute', index, attempt).integer(0, dataset.length);
  }
  throw new PixconError(
    'unreadable-data',
    'Hardly any of these files can be read; choose photos (JPEG, PNG, WebP).',
  );
}
