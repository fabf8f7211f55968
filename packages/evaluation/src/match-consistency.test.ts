import { resnet } from '@pixcon/backbones';
import { type MatchingStrategy, ParameterSet, RandomStream } from '@pixcon/core';
import { coordinateMatching } from '@pixcon/matching';
import { describeBackends, expectNoLeaks } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { colour, painted, plain } from '../test/painted.ts';
import { judge, matchConsistency } from './match-consistency.ts';
import { segmentedPairs } from './segmented-pairs.ts';

const { imageSize, ...features } = plain;
const whole = { scale: [1, 1], aspectRatio: [1, 1], flipProbability: 0.5 } as const;

describe('judge', () => {
  it('ignores void cells and matches to them, and says what chance would give', () => {
    const query = Int32Array.of(1, 2, 0, 3, 1);
    const key = Int32Array.of(1, 1, 2, 0, 2);
    // Query cell 1 goes to a void key cell, query cell 2 is void, segment 3 is not in the key view.
    const matches = [2, 3, 0, 0, 1];
    const result = judge(query, key, (cell) => ({
      key: matches[cell] as number,
      weight: cell / 4,
      inOverlap: cell > 0,
    }));
    expect(result).toEqual([
      { same: false, weight: 0, chance: 0.5, inOverlap: false },
      { same: false, weight: 0.75, chance: 0, inOverlap: true },
      { same: true, weight: 1, chance: 0.5, inOverlap: true },
    ]);
  });
});

describe('segmentedPairs', () => {
  it('counts the segments that it keeps, and names the images that it takes', async () => {
    const side = 1024;
    let loads = 0;
    const large = {
      ...painted(3),
      load: () => {
        loads++;
        return Promise.resolve({ width: side, height: side, data: new Uint8Array(side * side * 3) });
      },
      segments: () => Promise.resolve(new Int32Array(side * side)),
    };
    const pairs = segmentedPairs(large, { imageSize: 8, pairsPerImage: 1, limit: 2, maximumMegabytes: 5 });
    expect(pairs.names).toEqual([large.name(0), large.name(1)]);
    // 4 MiB of segments each: one image stays.
    for (const place of [0, 1, 0, 1]) await pairs.pairs(place);
    expect(loads).toBe(3);
  });

  it('cuts as the geometry says: pixels and segments agree, flipped or not', async () => {
    const dataset = painted(6, 0);
    const pairs = segmentedPairs(dataset, { imageSize: 32, pairsPerImage: 3, seed: 2 });
    let flips = 0;
    for (let image = 0; image < 6; image++) {
      for (const view of (await pairs.pairs(image)).flat()) {
        flips += Number(view.geometry.flipped);
        const ids = view.segments({ height: 32, width: 32 });
        let sure = 0;
        for (const [pixel, id] of ids.entries()) {
          if (id === 0) continue;
          const strongest = [0, 1, 2].find((channel) => (view.pixels[pixel * 3 + channel] as number) > 200);
          if (strongest === undefined) continue;
          expect(strongest + 1).toBe(id);
          sure += 1;
        }
        expect(sure).toBeGreaterThan(100);
      }
    }
    expect(flips).toBeGreaterThan(5);
  });

  it('depends on the seed and the name, not on order or memory', async () => {
    const boxes = async (options: object, image: number) =>
      (await segmentedPairs(painted(4), { imageSize: 16, ...options }).pairs(image))
        .flat()
        .map(({ geometry }) => geometry);
    expect(await boxes({}, 1)).toEqual(await boxes({ maximumMegabytes: 0 }, 1));
    expect(await boxes({ limit: 2 }, 1)).toEqual(await boxes({}, 2));
    expect(await boxes({ seed: 1 }, 1)).not.toEqual(await boxes({}, 1));
    expect(() => segmentedPairs(painted(1), { pairsPerImage: 0 })).toThrow('pairsPerImage');
  });
});

describeBackends('matchConsistency', () => {
  it('scores 1 for features that know the segment, between its bounds for random ones', async () => {
    const parameters = ParameterSet.create(colour.parameters, new RandomStream(0));
    // Whole images, so that every segment of the query view is in the key view.
    const pairs = segmentedPairs(painted(9), { imageSize, crops: whole, pairsPerImage: 2 });
    const result = await matchConsistency(colour, parameters, pairs, features);
    expect([result.value, result.details.possible, result.details.inOverlap]).toEqual([1, 1, 1]);
    expect(result.details.outOfOverlap).toBeNull();
    expect(result.chance).toBeGreaterThan(0.34);
    expect(result.chance).toBeLessThan(0.8);

    const random = new RandomStream(3);
    const anyCell: MatchingStrategy = ({ query: { shape } }) => ({
      index: tf.tensor2d(
        Int32Array.from({ length: shape[0] * shape[1] }, () => random.integer(0, shape[1])),
        [shape[0], shape[1]],
      ),
      weight: tf.ones([shape[0], shape[1]]),
    });
    const chance = await matchConsistency(colour, parameters, pairs, { ...features, matching: anyCell });
    expect(Math.abs(chance.value - chance.chance)).toBeLessThan(0.06);
    expect(chance.settings.matching).toEqual({ name: 'anyCell' });
    parameters.dispose();
  });

  it('tells the overlap apart: coordinates match right inside it, and weights count', async () => {
    const parameters = ParameterSet.create(colour.parameters, new RandomStream(0));
    const pairs = segmentedPairs(painted(12), { imageSize, crops: { scale: [0.3, 0.6] }, pairsPerImage: 3 });
    const { details, value } = await matchConsistency(colour, parameters, pairs, {
      ...features,
      matching: coordinateMatching(),
    });
    // Cells next to the edge of a block may belong to another one in the other view.
    expect(details.inOverlap).toBeGreaterThan(0.85);
    expect(details.inOverlap as number).toBeGreaterThan((details.outOfOverlap as number) + 0.2);
    expect(details.weighted).toBeCloseTo(details.inOverlap as number, 6);
    expect(value).toBeCloseTo(
      (details.overlapShare as number) * (details.inOverlap as number) +
        (1 - (details.overlapShare as number)) * (details.outOfOverlap as number),
      9,
    );
    expect(details.possible).toBeLessThanOrEqual(1);
    parameters.dispose();
  });

  it('does not depend on the batch size, leaks nothing, and refuses images without labels', async () => {
    const backbone = resnet({
      block: 'basic',
      layers: [1, 1],
      planes: [4, 8],
      stem: 'small',
      outputStride: 8,
    });
    const parameters = ParameterSet.create(backbone.parameters, new RandomStream(0));
    const pairs = segmentedPairs(painted(5), { imageSize: 16, pairsPerImage: 2 });
    const score = (batchSize: number) =>
      matchConsistency(backbone, parameters, pairs, { batchSize, statistics: 'running' });
    expect((await score(1)).details).toEqual((await score(100)).details);
    await expectNoLeaks(() => matchConsistency(backbone, parameters, pairs));
    await expectNoLeaks(() => matchConsistency(backbone, parameters, pairs, { statistics: 'estimated' }));
    const unlabelled = { ...painted(2), segments: () => Promise.resolve(new Int32Array(1024)) };
    await expect(
      matchConsistency(backbone, parameters, segmentedPairs(unlabelled, { imageSize: 16 })),
    ).rejects.toThrow('every cell or its match is void');
    await expect(matchConsistency(backbone, parameters, pairs, { stage: 'x' })).rejects.toThrow('stage');
    const one = { ...painted(2), segments: () => Promise.resolve(new Int32Array(32 * 32).fill(7)) };
    await expect(
      matchConsistency(backbone, parameters, segmentedPairs(one, { imageSize: 16 })),
    ).rejects.toThrow(/views that show two segments .* 255 means void/);
    parameters.dispose();
  });
});
