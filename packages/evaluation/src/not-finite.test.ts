import { resnet } from '@pixcon/backbones';
import { type Backbone, ParameterSet, RandomStream } from '@pixcon/core';
import { describeBackends, expectNoLeaks } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { colour, painted, plain } from '../test/painted.ts';
import { cellNearestNeighbours } from './cell-nearest-neighbours.ts';
import { extractCells } from './extract-cells.ts';
import { featureWarnings } from './feature-warnings.ts';
import { imageNearestNeighbours, linearClassification } from './image-classification.ts';
import { linearSegmentation } from './linear-segmentation.ts';
import { logisticProbe } from './logistic-probe.ts';
import { matchConsistency } from './match-consistency.ts';
import { nearestNeighbourCells } from './nearest-neighbour-cells.ts';
import { scoreCells } from './score-cells.ts';
import { segmentedPairs } from './segmented-pairs.ts';

const dataset = painted(6);
type Evaluate = (backbone: Backbone, parameters: ParameterSet, settings?: object) => Promise<unknown>;
const protocols: [string, Evaluate][] = [
  ['cellNearestNeighbours', (...network) => cellNearestNeighbours(network[0], network[1], dataset, { ...plain, ...network[2] })], // biome-ignore format: one protocol a line
  ['linearSegmentation', (...network) => linearSegmentation(network[0], network[1], dataset, { ...plain, ...network[2] })], // biome-ignore format: one protocol a line
  ['imageNearestNeighbours', (...network) => imageNearestNeighbours(network[0], network[1], dataset, { ...plain, ...network[2] })], // biome-ignore format: one protocol a line
  ['linearClassification', (...network) => linearClassification(network[0], network[1], dataset, { ...plain, ...network[2] })], // biome-ignore format: one protocol a line
  ['matchConsistency', (...network) => matchConsistency(network[0], network[1], segmentedPairs(dataset, { imageSize: 32 }), network[2])], // biome-ignore format: one protocol a line
];
const scores: [string, Evaluate][] = [
  ...protocols,
  ['scoreCells', (...network) => scoreCells(network[0], network[1], dataset, { ...plain, ...network[2] })],
  ['extractCells', (...network) => extractCells(network[0], network[1], dataset, { ...plain, ...network[2] })], // biome-ignore format: one protocol a line
];

const tiny = () => resnet({ block: 'basic', layers: [1], planes: [4], stem: 'small', outputStride: 8 });
const create = (backbone: Backbone) => ParameterSet.create(backbone.parameters, new RandomStream(1));
const set = (parameters: ParameterSet, name: string, values: number[]) =>
  tf.tidy(() => parameters.get(name).assign(tf.tensor(values, parameters.get(name).shape)));

/** The cells of `colour`, of which those of the first channel are what `value` says. */
const withValue = (value: (map: tf.Tensor4D) => tf.Tensor): Backbone => ({
  ...colour,
  features: (parameters, images, stages, mode) =>
    colour.features(parameters, images, stages, mode).map((map) => tf.mul(map, value(map)) as tf.Tensor4D),
});

describeBackends(
  'numbers that are not finite',
  () => {
    it.each(scores)('%s names a parameter that holds them', async (_, evaluate) => {
      const backbone = tiny();
      const parameters = create(backbone);
      await expectNoLeaks(async () => {
        set(parameters, 'bn1.running_mean', [0, Number.NaN, 0, 0]);
        await expect(evaluate(backbone, parameters)).rejects.toThrow(
          /: the network's parameters must be finite, but bn1\.running_mean holds 1 NaN of 4 values \(the first at 1\); take/,
        );
        set(parameters, 'layer1.0.bn2.weight', [-Infinity, 0, 0, 0]);
        await expect(evaluate(backbone, parameters)).rejects.toThrow('and 1 more parameter does likewise');
        // Statistics that are replaced do no harm; weights do.
        await expect(evaluate(backbone, parameters, { statistics: 'batch' })).rejects.toThrow(
          'but layer1.0.bn2.weight holds 1 infinite of 4',
        );
      });
      parameters.dispose();
    });

    it.each(scores)('%s tells features that are not finite', async (_, evaluate) => {
      const parameters = create(colour);
      await expectNoLeaks(async () => {
        for (const value of [Number.NaN, Infinity]) {
          const somewhere = withValue((map) => tf.where(tf.greater(map, 0.96), value, 1));
          for (const backbone of [withValue(() => tf.scalar(value)), somewhere]) {
            await expect(evaluate(backbone, parameters)).rejects.toThrow(
              /: the features of .+ at stage cells must be finite, but hold \d+ (NaN|infinite)/,
            );
          }
        }
      });
      parameters.dispose();
    });

    it.each(scores)('%s tells what a negative variance makes of features', async (_, evaluate) => {
      const backbone = tiny();
      const parameters = create(backbone);
      set(parameters, 'bn1.running_var', [1, 1, -3, 1]);
      await expect(evaluate(backbone, parameters)).rejects.toThrow('must be finite, but hold');
      parameters.dispose();
    });

    it.each(protocols)('%s warns where the features say nothing', async (_, evaluate) => {
      const parameters = create(colour);
      for (const [value, word] of [
        [0, '0'],
        [Number.NaN, 'equal'],
      ] as const) {
        // biome-ignore format: pairs
        const backbone = withValue((map) => (value === 0 ? tf.scalar(0) : tf.div(1, map)));
        const result = (await evaluate(backbone, parameters)) as { warnings: string[] };
        expect(result.warnings).toContainEqual(expect.stringMatching(new RegExp(`^the features of all \\d+ .* are ${word}: the score`))); // biome-ignore format: a message
      }
      parameters.dispose();
    });

    it('keeps them out of the parts', async () => {
      const features = Float32Array.of(1, 0, 0, 1, Number.NaN, 1, 1, 1);
      const good = Float32Array.of(1, 0);
      const labels = Uint8Array.of(0, 1, 1, 0);
      await expect(
        nearestNeighbourCells({ train: { features, dim: 2, labels }, test: { features: good, dim: 2 }, classCount: 2 }), // biome-ignore format: a call
      ).rejects.toThrow('the features of the train cells must be finite, but hold 1 NaN of 8');
      const targets = Float32Array.of(1, 0, 0, 1, 0, 1, 1, 0);
      await expect(logisticProbe({ features, dim: 2, targets }, { classCount: 2 })).rejects.toThrow(
        'the features of the rows must be finite',
      );
    });
  },
  { backends: ['cpu', 'wasm', 'tensorflow'] },
);

describe('featureWarnings', () => {
  it.each([
    ['one row', [0, 0], []],
    ['rows that differ', [1, 2, 1, 3], []],
    ['rows that differ by rounding', [1e6, 2, 1e6, 2.5], ['the features of all 2 rows are equal: the score says nothing of the network']], // biome-ignore format: a row
    ['zeros', [0, 0, 0, 0], ['the features of all 2 rows are 0: the score says nothing of the network']],
    ['some zeros', [1, 2, 0, 0, 3, 4], ['the features of 1 of 3 rows are 0: what is said of these is arbitrary']], // biome-ignore format: a row
  ])('of %s', (_, values, warnings) => {
    expect(featureWarnings(Float32Array.from(values), 2, 'rows')).toEqual(warnings);
  });
});
