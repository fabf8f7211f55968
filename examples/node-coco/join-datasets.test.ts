import type { ImageDataset } from 'pixcon';
import { describe, expect, it } from 'vitest';
import { joinDatasets } from './join-datasets.ts';

function fake(values: readonly number[]): ImageDataset {
  return {
    length: values.length,
    name: (index) => `${values[index]}.jpg`,
    load: async (index) => ({ data: Uint8Array.of(values[index] as number, 0, 0), width: 1, height: 1 }),
  };
}

describe('joinDatasets', () => {
  const joined = joinDatasets({ train: fake([1, 2]), empty: fake([]), unlabeled: fake([7, 8, 9]) });

  it('has every image once, in order, under the name of its part', async () => {
    const indices = Array.from({ length: joined.length }, (_, index) => index);
    expect(indices.map((index) => joined.name(index))).toEqual([
      'train/1.jpg',
      'train/2.jpg',
      'unlabeled/7.jpg',
      'unlabeled/8.jpg',
      'unlabeled/9.jpg',
    ]);
    const images = await Promise.all(indices.map((index) => joined.load(index)));
    expect(images.map(({ data }) => data[0])).toEqual([1, 2, 7, 8, 9]);
  });

  it('refuses an index outside', async () => {
    const message = 'joinDatasets: index must be a whole number from 0 to 4, got';
    expect(() => joined.name(5)).toThrow(`${message} 5`);
    await expect(joined.load(-1)).rejects.toThrow(`${message} -1`);
  });
});
