import type { SegmentationDataset } from '@pixcon/core';
import { describe, expect, it } from 'vitest';
import { sceneClasses } from './scene/classes.ts';
import { shapeDistance } from './scene/shapes.ts';
import { syntheticScenes } from './synthetic-scenes.ts';

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

interface Cells {
  readonly features: number[][];
  readonly labels: number[];
}

/** Mean colour and commonest class of each cell of 12 × 12 pixels. */
async function colourCells(scenes: SegmentationDataset, from: number, to: number): Promise<Cells> {
  const features: number[][] = [];
  const labels: number[] = [];
  for (let index = from; index < to; index++) {
    const { data, width } = await scenes.load(index);
    const mask = await scenes.mask(index);
    for (let cell = 0; cell < 64; cell++) {
      const sums = [0, 0, 0];
      const votes = new Array<number>(scenes.classNames.length).fill(0);
      for (let pixel = 0; pixel < 144; pixel++) {
        const y = Math.floor(cell / 8) * 12 + Math.floor(pixel / 12);
        const x = (cell % 8) * 12 + (pixel % 12);
        for (let channel = 0; channel < 3; channel++) {
          sums[channel] = (sums[channel] as number) + (data[(y * width + x) * 3 + channel] as number) / 144;
        }
        const label = mask[y * width + x] as number;
        votes[label] = (votes[label] as number) + 1;
      }
      features.push(sums);
      labels.push(votes.indexOf(Math.max(...votes)));
    }
  }
  return { features, labels };
}

function nearestLabel(bank: Cells, query: readonly number[]): number {
  let best = Infinity;
  let label = 0;
  for (const [index, feature] of bank.features.entries()) {
    const distance = feature.reduce((sum, value, at) => sum + (value - (query[at] as number)) ** 2, 0);
    if (distance >= best) continue;
    best = distance;
    label = bank.labels[index] as number;
  }
  return label;
}

describe('syntheticScenes', () => {
  it('is a function of seed and index', async () => {
    const make = (seed: number) => syntheticScenes({ count: 20, size: 48, seed });
    const scenes = make(3);
    const fifth = await scenes.load(5);
    const mask = await scenes.mask(5);
    await scenes.load(6);
    expect(await make(3).load(5)).toEqual(fifth);
    expect(await scenes.mask(5)).toEqual(mask);
    expect((await make(4).load(5)).data).not.toEqual(fifth.data);
    expect((await scenes.load(4)).data).not.toEqual(fifth.data);
    const longer = syntheticScenes({ count: 900, size: 48, seed: 3 });
    expect(await longer.load(5)).toEqual(fifth);
  });

  it('hands out copies', async () => {
    const scenes = syntheticScenes({ count: 1, size: 16 });
    const { data } = await scenes.load(0);
    const first = data.slice();
    data.fill(0);
    (await scenes.mask(0)).fill(9);
    expect((await scenes.load(0)).data).toEqual(first);
    expect(Math.max(...(await scenes.mask(0)))).toBeLessThan(9);
  });

  it('shows every class about as often, and background about half of the time', async () => {
    const scenes = syntheticScenes({ count: 150, size: 64, seed: 2 });
    const counts = new Array<number>(9).fill(0);
    for (let index = 0; index < scenes.length; index++) {
      const { data, width, height } = await scenes.load(index);
      expect([data.length, width, height]).toEqual([64 * 64 * 3, 64, 64]);
      for (const label of await scenes.mask(index)) counts[label] = (counts[label] as number) + 1;
    }
    const shares = counts.map((count) => count / (150 * 64 * 64));
    expect(scenes.classNames).toEqual(['background', ...sceneClasses.map(({ name }) => name)]);
    expect(shares[0]).toBeGreaterThan(0.5);
    expect(shares[0]).toBeLessThan(0.75);
    for (const share of shares.slice(1)) expect(share).toBeGreaterThan(0.02);
  });

  it('does not tell classes by their colour', async () => {
    const scenes = syntheticScenes({ count: 60, size: 96, seed: 1 });
    const bank = await colourCells(scenes, 0, 40);
    const query = await colourCells(scenes, 40, 60);
    const hits = new Array<number>(9).fill(0);
    const unions = new Array<number>(9).fill(0);
    const add = (counts: number[], label: number) => {
      counts[label] = (counts[label] as number) + 1;
    };
    for (const [index, feature] of query.features.entries()) {
      const predicted = nearestLabel(bank, feature);
      const label = query.labels[index] as number;
      add(unions, label);
      if (predicted === label) add(hits, label);
      else add(unions, predicted);
    }
    const intersectionOverUnion = hits.map((count, label) => count / Math.max(1, unions[label] as number));
    // All background would score about 0.08.
    expect(mean(intersectionOverUnion)).toBeLessThan(0.15);
  });

  it('uses the classes asked for, and no others', async () => {
    const scenes = syntheticScenes({ count: 10, size: 32, classes: ['ringed star', 'striped disc'] });
    expect(scenes.classNames).toEqual(['background', 'ringed star', 'striped disc']);
    const labels = new Set<number>();
    for (let index = 0; index < 10; index++) for (const label of await scenes.mask(index)) labels.add(label);
    expect([...labels].sort((a, b) => a - b)).toEqual([0, 1, 2]);
  });

  it('puts more objects into a scene when asked to', async () => {
    const cover = async (objectsPerImage: number) => {
      const scenes = syntheticScenes({ count: 60, size: 32, objectsPerImage });
      const shares: number[] = [];
      for (let index = 0; index < 60; index++) {
        const mask = await scenes.mask(index);
        shares.push(mask.filter((label) => label > 0).length / mask.length);
      }
      return mean(shares);
    };
    const [one, three, seven] = [await cover(1), await cover(3), await cover(7)];
    expect(one).toBeLessThan(0.1);
    expect(three).toBeGreaterThan(2 * one);
    expect(seven).toBeGreaterThan(1.5 * three);
  });

  it('names what is wrong', async () => {
    expect(() => syntheticScenes({ count: 0 })).toThrow(/count/);
    expect(() => syntheticScenes({ count: 1, size: 8 })).toThrow(/size/);
    expect(() => syntheticScenes({ count: 1, seed: 0.5 })).toThrow(/seed/);
    expect(() => syntheticScenes({ count: 1, objectsPerImage: 0 })).toThrow(/objectsPerImage/);
    expect(() => syntheticScenes({ count: 1, classes: ['cat'] })).toThrow(/striped disc.*got cat/);
    expect(() => syntheticScenes({ count: 1, classes: [] })).toThrow(/got none/);
    await expect(syntheticScenes({ count: 2 }).load(2)).rejects.toThrow(/from 0 to 1, got 2/);
    await expect(syntheticScenes({ count: 2 }).mask(-1)).rejects.toThrow(/got -1/);
  });
});

describe('shapes', () => {
  it('hold their centre and fit into a circle that the painter covers', () => {
    for (const { shape } of sceneClasses) {
      const distance = shapeDistance(shape);
      expect(distance(0, 0)).toBeLessThan(-0.2);
      for (let turn = 0; turn < 360; turn++) {
        const angle = (turn * Math.PI) / 180;
        expect(distance(1.25 * Math.cos(angle), 1.25 * Math.sin(angle))).toBeGreaterThan(0);
      }
    }
  });
});
