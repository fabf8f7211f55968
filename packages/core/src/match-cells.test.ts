import { describeBackends } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { assertMatchValues, type Backbone, featureMap, type Match, matchCells } from './index.ts';

const input = () => ({
  query: tf.zeros<tf.Rank.R3>([2, 4, 3]),
  key: tf.zeros<tf.Rank.R3>([2, 4, 3]),
  grid: { height: 2, width: 2 },
  queryGeometry: [],
  keyGeometry: [],
});
const sound = (): Match => ({ index: tf.zeros([2, 4], 'int32'), weight: tf.ones([2, 4]) });
const match = (changes: Partial<Record<keyof Match, unknown>>) =>
  matchCells(() => ({ ...sound(), ...changes }) as Match, input());

describeBackends(
  'matchCells',
  () => {
    it('gives what the strategy gave, and lets it be looked at', () => {
      const made = sound();
      const seen: Match[] = [];
      expect(
        matchCells(
          () => made,
          input(),
          (each) => seen.push(each),
        ),
      ).toBe(made);
      expect(seen).toEqual([made]);
      expect(match({ similarity: tf.zeros([2, 4]) }).similarity?.shape).toEqual([2, 4]);
    });

    it('refuses what is of another form, in a sentence', () => {
      expect(() => match({ weight: tf.ones([2, 2]) })).toThrow(
        'matching: weight must have shape [2, 4], got [2, 2]',
      );
      expect(() => match({ weight: tf.ones([8]) })).toThrow(/weight must have shape \[2, 4\], got \[8\]/);
      expect(() => match({ index: tf.zeros([2, 5], 'int32') })).toThrow(/index must have shape \[2, 4\]/);
      expect(() => match({ index: tf.zeros([2, 4]) })).toThrow(
        'matching: index must be a tensor of int32, got float32',
      );
      expect(() => match({ weight: tf.ones([2, 4], 'bool') })).toThrow(/weight must .* float32, got bool/);
      expect(() => match({ weight: undefined })).toThrow(/weight must be a tensor of float32, got undefined/);
      expect(() => match({ weight: [1, 1] })).toThrow(/weight must be a tensor of float32, got an array/);
      expect(() => match({ similarity: tf.ones([2, 3]) })).toThrow(/similarity must have shape \[2, 4\]/);
      expect(() => matchCells(() => undefined as unknown as Match, input())).toThrow(
        /index must be a tensor of int32, got undefined/,
      );
    });
  },
  { backends: ['cpu'] },
);

describeBackends('assertMatchValues', () => {
  it('names the first cell whose match is none', async () => {
    await assertMatchValues(sound());
    const weighing = (value: number) => ({
      ...sound(),
      weight: tf.tensor2d([1, 1, 1, 1, 1, value, 1, value], [2, 4]),
    });
    await expect(assertMatchValues(weighing(Number.NaN))).rejects.toThrow(
      'matching: weight must be finite and not negative, got NaN for cell 1 of image 1',
    );
    await expect(assertMatchValues(weighing(-0.5))).rejects.toThrow(/got -0.5 for cell 1 of image 1/);
    await expect(assertMatchValues(weighing(Number.POSITIVE_INFINITY))).rejects.toThrow(/got Infinity/);
    for (const key of [4, -1]) {
      const index = tf.tensor2d([0, 1, key, 3, 0, 1, 2, 3], [2, 4], 'int32');
      await expect(assertMatchValues({ ...sound(), index })).rejects.toThrow(
        `matching: index must be a key cell, from 0 to 3, got ${key} for cell 2 of image 0`,
      );
    }
  });
});

describe('featureMap', () => {
  it.each([
    [[2, 4, 4, 7], '[2, 4, 4, 7]'],
    [[1, 4, 4, 8], '[1, 4, 4, 8]'],
    [[2, 16, 8], '[2, 16, 8]'],
    [[2, 0, 4, 8], '[2, 0, 4, 8]'],
    [undefined, 'undefined'],
  ])('refuses a map of shape %j', (shape, got) => {
    const map = shape && ({ shape } as unknown as tf.Tensor4D);
    const backbone = { name: 'mine', channels: 8, stages: [], apply: () => map } as unknown as Backbone;
    const images = { shape: [2, 64, 64, 3] } as unknown as tf.Tensor4D;
    const parameters = { get: () => expect.fail('not asked for') };
    expect(() => featureMap(backbone, parameters, images, { training: true })).toThrow(
      `backbone mine: its feature map must have shape [2, rows, columns, 8], got ${got}`,
    );
  });
});
