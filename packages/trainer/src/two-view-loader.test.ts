import { byolAugmentation, samplePhotometric, sampleTwoCrops } from '@pixcon/augment';
import { type Box, type ImageDataset, intersect, PixconError, RandomStream } from '@pixcon/core';
import { regionProposals, syntheticScenes } from '@pixcon/datasets';
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

  it('draws the views of a place in an epoch from forks of that name alone', async () => {
    const random = new RandomStream(3);
    const { crops, views } = byolAugmentation();
    for (const { step, views: loaded, instances } of await collect(dataset(11))) {
      expect(instances).toBeUndefined();
      for (let slot = 0; slot < 4; slot++) {
        const own = random.fork('sample', Math.floor(step / 2), (step % 2) * 4 + slot);
        expect(loaded.map(({ geometry }) => geometry[slot])).toEqual(
          sampleTwoCrops(24, 20, own.fork('crops'), crops),
        );
        expect(loaded.map(({ photometric }) => photometric[slot])).toEqual(
          views.map((recipe, side) => samplePhotometric(own.fork('photometric', side), recipe)),
        );
      }
    }
  });
});

describe('twoViewLoader with instances', () => {
  const scenes = syntheticScenes({ count: 6, size: 64, seed: 1 });
  const request = { batchSize: 2, imageSize: 16, end: 6, instances: { count: 3, size: 12 } };

  it('cuts as many of each image as asked for, from where its views overlap', async () => {
    const same = (a: Box, b: Box) => JSON.stringify(a) === JSON.stringify(b);
    let proposed = 0;
    for (const { views, names, instances } of await collect(scenes, request)) {
      const { pixels, geometry, photometric, size } = instances as NonNullable<typeof instances>;
      expect(size).toBe(12);
      expect([pixels.length, geometry.length, photometric.length]).toEqual([6 * 12 * 12 * 3, 6, 6]);
      expect(new Set(photometric.map((parameters) => parameters.brightness)).size).toBeGreaterThan(1);
      expect(photometric.every(({ solarizeThreshold }) => solarizeThreshold === null)).toBe(true);
      for (const [place, { box }] of geometry.entries()) {
        const image = Math.floor(place / 3);
        for (const view of views) expect(intersect(view.geometry[image]?.box as Box, box)).toEqual(box);
        const scene = await scenes.load(Number(names[image]?.replace('scene-', '')));
        if (regionProposals(scene).some((proposal) => same(proposal, box))) proposed++;
      }
    }
    // 36 in all; some views share too few.
    expect(proposed).toBeGreaterThan(24);
  });

  it('gives the same batches from step n on', async () => {
    const all = await collect(scenes, request);
    expect(await collect(scenes, { ...request, start: 4, prefetch: 1, concurrency: 1 })).toEqual(
      all.slice(4),
    );
    expect(all.map(({ names }) => names)).toEqual(
      (await collect(scenes, { batchSize: 2, imageSize: 16, end: 6 })).map(({ names }) => names),
    );
  });
});

describe('stepsPerEpoch', () => {
  it('counts whole batches and refuses none', () => {
    expect([8, 11, 12].map((length) => stepsPerEpoch(dataset(length), 4))).toEqual([2, 2, 3]);
    expect(() => stepsPerEpoch(dataset(3), 4)).toThrow('has 3 images, fewer than the batch size of 4');
  });
});
