import { resnet } from '@pixcon/backbones';
import {
  area,
  type Box,
  type DecodedImage,
  type ImageDataset,
  intersect,
  type MatchingStrategy,
  ParameterSet,
  PixconError,
  RandomStream,
} from '@pixcon/core';
import { semanticReweighting, similarityMatching } from '@pixcon/matching';
import { describeBackends } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { chooseCells } from './choose-cells.ts';
import { inspectPairs } from './inspect-pairs.ts';
import { inspectedPairs } from './inspected-pairs.ts';

/** Three coloured areas on grey, in a place of the image's own. */
function photo(index: number, width: number, height: number): DecodedImage {
  const random = new RandomStream(index);
  const data = new Uint8Array(width * height * 3).fill(120);
  for (const colour of [
    [250, 20, 20],
    [20, 250, 20],
    [20, 20, 250],
  ]) {
    const [x0, y0] = [random.integer(0, width - 12), random.integer(0, height - 12)];
    for (let y = y0; y < y0 + 12; y++) {
      for (let x = x0; x < x0 + 12; x++) data.set(colour, (y * width + x) * 3);
    }
  }
  return { data, width, height };
}

function photos(count: number, unreadable: readonly number[] = []): ImageDataset {
  return {
    length: count,
    name: (index) => `photo-${index}`,
    load: (index) =>
      unreadable.includes(index)
        ? Promise.reject(new PixconError('data', `photo-${index}: cut off`))
        : Promise.resolve(photo(index, 60, index % 2 === 0 ? 48 : 40)),
  };
}

const backbone = resnet({
  block: 'basic',
  layers: [1, 1],
  planes: [4, 8],
  stemChannels: 4,
  outputStride: 8,
});
const choice = () => ({ random: new RandomStream(3), viewSize: 90 });
const imageSize = 60;

describeBackends('inspectPairs', () => {
  it('agrees with naive loops over the features', async () => {
    const pairs = await inspectedPairs(photos(9), { ...choice(), count: 3 });
    const parameters = ParameterSet.create(backbone.parameters, new RandomStream(1));
    // A matching that shows what it was given.
    const seen: tf.Tensor3D[] = [];
    const spy: MatchingStrategy = (input) => {
      seen.push(tf.keep(tf.clone(input.query)), tf.keep(tf.clone(input.key)));
      return similarityMatching()(input);
    };
    const [inspections, same] = [
      await inspectPairs(backbone, parameters, pairs, { imageSize, matching: spy }),
      await inspectPairs(backbone, parameters, pairs, {
        imageSize,
        matching: withoutSimilarity(similarityMatching()),
      }),
    ];
    const [queries, keys] = (await Promise.all(seen.map((tensor) => tensor.array()))) as [
      number[][][],
      number[][][],
    ];
    tf.dispose(seen);
    expect(inspections).toHaveLength(3);
    for (const [pair, inspection] of inspections.entries()) {
      // 60 px, in whole cells.
      expect(inspection.grid).toEqual({ height: 8, width: 8 });
      for (let cell = 0; cell < 64; cell++) {
        const cosines = (keys[pair] as number[][]).map((key) =>
          cosine((queries[pair] as number[][])[cell] as number[], key),
        );
        const best = Math.max(...cosines);
        expect(inspection.similarity[cell]).toBeCloseTo(best, 4);
        expect(cosines[inspection.index[cell] as number]).toBeCloseTo(best, 4);
        expect(inspection.weight[cell]).toBe(1);
        // A strategy that tells no similarity gets it computed.
        expect(same[pair]?.similarity[cell]).toBeCloseTo(best, 4);
      }
      expectOverlap(inspection.inOverlap, pairs[pair]?.views);
      const { grid, maps } = inspection.attention;
      expect(grid.height).toBe(14);
      expect(maps).toHaveLength(3);
      for (const { cell, cosine: values } of maps) {
        expect(values).toHaveLength(grid.height * grid.width);
        expect(values[cell]).toBeCloseTo(1, 4);
        expect(Math.max(...values)).toBeLessThan(1.0001);
        expect(Math.min(...values)).toBeLessThan(0.999);
      }
    }
    parameters.dispose();
  });

  it('leaves the parameters as they were, leaks nothing, and repeats itself', async () => {
    const pairs = await inspectedPairs(photos(9), choice());
    const parameters = ParameterSet.create(backbone.parameters, new RandomStream(1));
    const values = () =>
      Promise.all(
        [...parameters.entries()].map(async ([name, value]) => [name, [...(await value.data())]] as const),
      );
    const [before, tensors] = [await values(), tf.memory().numTensors];
    const options = { imageSize, matching: semanticReweighting(similarityMatching()) };
    const first = await inspectPairs(backbone, parameters, pairs, options);
    expect(tf.memory().numTensors).toBe(tensors);
    expect(await inspectPairs(backbone, parameters, pairs, options)).toEqual(first);
    expect(await values()).toEqual(before);
    for (const { weight, inOverlap } of first) {
      for (const [cell, inside] of inOverlap.entries()) if (inside === 1) expect(weight[cell]).toBe(1);
      expect(Math.min(...weight)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...weight)).toBeLessThanOrEqual(1);
    }
    parameters.dispose();
  });

  it('brings weights of a matching of one’s own below 1, and rounds views up to whole cells', async () => {
    const pairs = await inspectedPairs(photos(9), choice());
    const parameters = ParameterSet.create(backbone.parameters, new RandomStream(1));
    const heavy: MatchingStrategy = ({ query }) => {
      const [batch, cells] = query.shape;
      const row = tf.reshape(tf.range(0, cells, 1, 'float32'), [1, cells]);
      return { index: tf.zeros([batch, cells], 'int32'), weight: tf.tile(row, [batch, 1]) as tf.Tensor2D };
    };
    const [first] = await inspectPairs(backbone, parameters, pairs, { imageSize, matching: heavy });
    expect(first?.weight[63]).toBe(1);
    expect(first?.weight[21]).toBeCloseTo(21 / 63, 6);
    const sides = async (size: number) =>
      (await inspectPairs(backbone, parameters, pairs, { imageSize: size })).map(({ grid }) => grid.width);
    expect(await sides(1)).toEqual([7, 7, 7, 7]);
    expect(await sides(57)).toEqual([8, 8, 8, 8]);
    expect((await inspectPairs(backbone, parameters, pairs))[0]?.grid).toEqual({ height: 12, width: 12 });
    expect(await inspectPairs(backbone, parameters, [])).toEqual([]);
    parameters.dispose();
  });
});

describeBackends(
  'inspectedPairs',
  () => {
    it('spreads over the data set, the same for the same seed', async () => {
      const pairs = await inspectedPairs(photos(40), choice());
      const places = pairs.map(({ name }) => Math.floor(Number(name.slice(6)) / 10));
      expect(places).toEqual([0, 1, 2, 3]);
      expect(await inspectedPairs(photos(40), choice())).toEqual(pairs);
      const other = await inspectedPairs(photos(40), { ...choice(), random: new RandomStream(4) });
      expect(other).not.toEqual(pairs);
      expect(await inspectedPairs(photos(2), choice())).toHaveLength(2);
      expect(await inspectedPairs(photos(2), { ...choice(), count: 0 })).toEqual([]);
    });

    it('prefers pairs that overlap in part', async () => {
      const pairs = await inspectedPairs(photos(40), { ...choice(), count: 20 });
      for (const { views } of pairs) {
        const [query, key] = views.map(({ geometry }) => geometry.box) as [never, never];
        const shared = area(intersect(query, key) ?? { x0: 0, y0: 0, x1: 0, y1: 0 });
        for (const box of [query, key]) {
          expect(shared / area(box)).toBeGreaterThanOrEqual(0.2);
          expect(shared / area(box)).toBeLessThanOrEqual(0.7);
        }
      }
    });

    it('prefers pairs with something to see in the overlap', async () => {
      // One small bright thing on a flat ground: most overlaps of small crops miss it.
      const [width, height] = [200, 150];
      const data = new Uint8Array(width * height * 3).fill(90);
      for (let y = 40; y < 60; y++) data.fill(250, (y * width + 120) * 3, (y * width + 140) * 3);
      const images = { ...photos(6), load: () => Promise.resolve({ data, width, height }) };
      const crops = { scale: [0.05, 0.2], minimumOverlap: 0.2 } as const;
      const pairs = await inspectedPairs(images, { ...choice(), count: 6, crops });
      for (const { views } of pairs) {
        const shared = intersect(views[0].geometry.box, views[1].geometry.box);
        expect(intersect(shared as Box, { x0: 120, y0: 40, x1: 140, y1: 60 })).toBeDefined();
      }
    });

    it('passes over photos that cannot be read, and passes on other failures', async () => {
      const readable = [12, 13, 14];
      const broken = Array.from({ length: 16 }, (_, index) => index).filter(
        (index) => !readable.includes(index),
      );
      const pairs = await inspectedPairs(photos(16, broken), choice());
      expect(pairs).toHaveLength(1);
      expect(readable.map((index) => `photo-${index}`)).toContain(pairs[0]?.name);
      const images = { ...photos(4), load: () => Promise.reject(new Error('network is down')) };
      await expect(inspectedPairs(images, choice())).rejects.toThrow('network is down');
    });

    it('cuts the views as large as asked and the photo no larger than asked', async () => {
      const [pair] = await inspectedPairs(photos(1), { ...choice(), photoSize: 30 });
      expect(pair?.views.map(({ width, height }) => [width, height])).toEqual([
        [90, 90],
        [90, 90],
      ]);
      expect([pair?.photo.width, pair?.photo.height]).toEqual([30, 24]);
      expect(pair?.source).toEqual({ width: 60, height: 48 });
      const grey = pair?.photo.pixels.subarray(0, 3);
      expect([...(grey ?? [])]).toEqual([120, 120, 120]);
    });
  },
  { backends: ['cpu'] },
);

describe('chooseCells', () => {
  it('puts the cells on different things, away from the border', () => {
    const [width, height] = [64, 48];
    const pixels = new Uint8Array(width * height * 3).fill(128);
    const paint = (x0: number, y0: number, colour: readonly number[]) => {
      for (let y = y0; y < y0 + 12; y++)
        for (let x = x0; x < x0 + 12; x++) pixels.set(colour, (y * width + x) * 3);
    };
    paint(8, 8, [255, 0, 0]);
    paint(44, 28, [0, 0, 255]);
    const grid = { height: 12, width: 16 };
    const chosen = chooseCells({ width, height, pixels }, grid, 3);
    const inside = (cell: number, x: number, y: number) => {
      const [row, column] = [Math.floor(cell / 16), cell % 16];
      return 4 * column >= x && 4 * column < x + 12 && 4 * row >= y && 4 * row < y + 12;
    };
    expect(chosen.some((cell) => inside(cell, 8, 8))).toBe(true);
    expect(chosen.some((cell) => inside(cell, 44, 28))).toBe(true);
    expect(new Set(chosen).size).toBe(3);
    for (const cell of chosen) {
      expect(cell % 16).not.toBe(0);
      expect(cell % 16).not.toBe(15);
      expect(cell).toBeGreaterThan(15);
      expect(cell).toBeLessThan(11 * 16);
    }
  });

  it('gives what there is in a tiny grid', () => {
    const picture = { width: 2, height: 1, pixels: Uint8Array.of(0, 0, 0, 255, 255, 255) };
    expect(chooseCells(picture, { height: 1, width: 2 }, 3).sort()).toEqual([0, 1]);
    expect(chooseCells(picture, { height: 1, width: 2 }, 0)).toEqual([]);
  });
});

function withoutSimilarity(matching: MatchingStrategy): MatchingStrategy {
  return (input) => {
    const { index, weight } = matching(input);
    return { index, weight };
  };
}

function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, i) => sum + value * (y[i] as number), 0);
  return dot(a, b) / Math.max(1e-12, Math.sqrt(dot(a, a) * dot(b, b)));
}

type Views = Awaited<ReturnType<typeof inspectedPairs>>[number]['views'];

/** By the centre of each cell, in the photo's pixels. */
function expectOverlap(inOverlap: Float32Array, views: Views | undefined): void {
  const [query, key] = (views as Views).map(({ geometry }) => geometry) as [
    Views[0]['geometry'],
    Views[0]['geometry'],
  ];
  for (const [cell, inside] of inOverlap.entries()) {
    const across = ((cell % 8) + 0.5) / 8;
    const x = query.box.x0 + (query.flipped ? 1 - across : across) * (query.box.x1 - query.box.x0);
    const y = query.box.y0 + ((Math.floor(cell / 8) + 0.5) / 8) * (query.box.y1 - query.box.y0);
    const { x0, y0, x1, y1 } = key.box;
    expect(inside).toBe(Number(x >= x0 && x <= x1 && y >= y0 && y <= y1));
  }
}
