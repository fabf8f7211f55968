import type { DecodedImage, ImageDataset } from '@pixcon/core';
import { describe, expect, it, vi } from 'vitest';
import { keepDecoded } from './keep-decoded.ts';

/** Four images of 12 bytes each. */
function images() {
  const load = vi.fn(
    async (index: number): Promise<DecodedImage> => ({
      width: 2,
      height: 2,
      data: new Uint8Array(12).fill(await Promise.resolve(index)),
    }),
  );
  return { length: 4, name: (index: number) => `${index}.png`, load } satisfies ImageDataset;
}

async function epoch(dataset: ImageDataset): Promise<number[]> {
  const loaded = await Promise.all([0, 1, 2, 3].map((index) => dataset.load(index)));
  return loaded.map(({ data }) => data[0] as number);
}

describe('keepDecoded', () => {
  it('decodes each image once', async () => {
    const source = images();
    const dataset = keepDecoded(source, { bytes: 48 });
    expect([await epoch(dataset), await epoch(dataset)]).toEqual([
      [0, 1, 2, 3],
      [0, 1, 2, 3],
    ]);
    expect(source.load).toHaveBeenCalledTimes(4);
    expect([dataset.length, dataset.name(2)]).toEqual([4, '2.png']);
  });

  it('keeps nothing of a data set that does not fit', async () => {
    const source = images();
    const dataset = keepDecoded(source, { bytes: 47 });
    await epoch(dataset);
    await epoch(dataset);
    expect(source.load).toHaveBeenCalledTimes(8);
  });

  it('counts an image once that is asked for twice at a time', async () => {
    const source = images();
    const dataset = keepDecoded(source, { bytes: 12 });
    await Promise.all([dataset.load(3), dataset.load(3)]);
    await dataset.load(3);
    expect(source.load).toHaveBeenCalledTimes(2);
  });

  it('tries again what could not be read', async () => {
    const source = images();
    source.load.mockRejectedValueOnce(new Error('cut off'));
    const dataset = keepDecoded(source);
    await expect(dataset.load(1)).rejects.toThrow('cut off');
    expect((await dataset.load(1)).data[0]).toBe(1);
  });

  it('refuses a negative size', () => {
    expect(() => keepDecoded(images(), { bytes: -1 })).toThrow(/keepDecoded: bytes/);
  });
});
