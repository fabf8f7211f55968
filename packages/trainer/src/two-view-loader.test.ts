import { byolAugmentation } from '@pixcon/augment';
import { type ImageDataset, PixconError, RandomStream } from '@pixcon/core';
import { describe, expect, it } from 'vitest';
import {
  type HostBatch,
  stepsPerEpoch,
  type TwoViewLoaderOptions,
  twoViewLoader,
} from './two-view-loader.ts';
import { UnreadableImages } from './unreadable-images.ts';

function dataset(length: number, load?: ImageDataset['load']): ImageDataset {
  return {
    length,
    name: (index) => `${index}`,
    load:
      load ??
      ((index) => Promise.resolve({ data: new Uint8Array(20 * 24 * 3).fill(index), width: 24, height: 20 })),
  };
}

function options(overrides: Partial<TwoViewLoaderOptions> = {}): TwoViewLoaderOptions {
  return {
    batchSize: 4,
    imageSize: 8,
    augmentation: byolAugmentation(),
    random: new RandomStream(3),
    unreadable: new UnreadableImages(11),
    start: 0,
    end: 6,
    ...overrides,
  };
}

async function collect(
  images: ImageDataset,
  overrides: Partial<TwoViewLoaderOptions> = {},
): Promise<HostBatch[]> {
  const batches: HostBatch[] = [];
  for await (const batch of twoViewLoader(images, options(overrides))) batches.push(batch);
  return batches;
}

describe('twoViewLoader', () => {
  it('gives whole batches, each image at most once an epoch, each epoch in another order', async () => {
    const batches = await collect(dataset(11));
    expect(batches.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5]);
    const epochs = [0, 1, 2].map((epoch) =>
      batches.slice(2 * epoch, 2 * epoch + 2).flatMap(({ names }) => names),
    );
    for (const names of epochs) expect(new Set(names).size).toBe(8);
    expect(new Set(epochs.map((names) => names.join())).size).toBe(3);
    for (const { views, names, size } of batches) {
      expect([views.length, size]).toEqual([2, 8]);
      for (const { pixels, geometry, photometric } of views) {
        expect([pixels.length, geometry.length, photometric.length]).toEqual([4 * 8 * 8 * 3, 4, 4]);
        // Every image has a grey level of its own: views lie in the order of the names.
        for (const [slot, name] of names.entries()) {
          expect([...new Set(pixels.subarray(slot * 192, (slot + 1) * 192))]).toEqual([Number(name)]);
        }
      }
    }
  });

  it('gives the same batches from step n on, however it is prefetched', async () => {
    const all = await collect(dataset(11));
    expect(await collect(dataset(11), { start: 3, prefetch: 1, concurrency: 1 })).toEqual(all.slice(3));
    expect(await collect(dataset(11), { prefetch: 6, concurrency: 64 })).toEqual(all);
    expect(await collect(dataset(11), { random: new RandomStream(4) })).not.toEqual(all);
    expect(await collect(dataset(11), { start: 6 })).toEqual([]);
  });

  it('prepares batches ahead, and no more than asked for', async () => {
    const loaded: number[] = [];
    const images = dataset(100, (index) => {
      loaded.push(index);
      return Promise.resolve({ data: new Uint8Array(300), width: 10, height: 10 });
    });
    const loader = twoViewLoader(images, options({ prefetch: 2, end: 20 }));
    await loader.next();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(loaded).toHaveLength(8);
    await loader.next();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(loaded).toHaveLength(12);
    await loader.return();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(loaded).toHaveLength(12);
  });

  it('reports a failure when its turn comes', async () => {
    const order = (await collect(dataset(11))).flatMap(({ names }) => names);
    const bad = Number(order[4 + 2]);
    const images = dataset(11, (index) =>
      index === bad
        ? Promise.reject(new Error('disk on fire'))
        : Promise.resolve({ data: new Uint8Array(300), width: 10, height: 10 }),
    );
    const loader = twoViewLoader(images, options());
    expect((await loader.next()).value).toMatchObject({ step: 0 });
    await expect(loader.next()).rejects.toThrow('disk on fire');
    expect(await loader.next()).toEqual({ done: true, value: undefined });
  });

  it('puts another image in the place of one that cannot be read', async () => {
    const whole = await collect(dataset(40), { unreadable: new UnreadableImages(40) });
    const bad = whole[1]?.names[2] as string;
    const images = dataset(40, (index) =>
      `${index}` === bad
        ? Promise.reject(new PixconError('data', 'cut off'))
        : Promise.resolve({ data: new Uint8Array(20 * 24 * 3).fill(index), width: 24, height: 20 }),
    );
    const unreadable = new UnreadableImages(40);
    const dented = await collect(images, { unreadable });
    expect(unreadable.names).toEqual([bad]);
    expect(dented.flatMap(({ names }) => names)).not.toContain(bad);
    expect(dented[0]).toEqual(whole[0]);
    expect(dented[1]?.names.filter((_, slot) => slot !== 2)).toEqual(
      whole[1]?.names.filter((_, slot) => slot !== 2),
    );
    expect(await collect(images, { unreadable: new UnreadableImages(40), start: 1 })).toEqual(
      dented.slice(1),
    );
  });
});

describe('stepsPerEpoch', () => {
  it('counts whole batches and refuses none', () => {
    expect([8, 11, 12].map((length) => stepsPerEpoch(dataset(length), 4))).toEqual([2, 2, 3]);
    expect(() => stepsPerEpoch(dataset(3), 4)).toThrow('has 3 images, fewer than the batch size of 4');
  });
});
