import { describeBackends, expectNoLeaks } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { type MatchInput, RandomStream, semanticReweighting, similarityMatching } from 'pixcon';
import { describe, expect, it } from 'vitest';
import { mutual } from './mutual.ts';

function inputOf(query: tf.Tensor3D, key: tf.Tensor3D): MatchInput {
  const views = Array.from({ length: query.shape[0] }, () => ({
    box: { x0: 0, y0: 0, x1: 64, y1: 64 },
    flipped: false,
  }));
  const grid = { height: 1, width: query.shape[1] };
  return { query, key, grid, queryGeometry: views, keyGeometry: views };
}

function randomFeatures(random: RandomStream, shape: [number, number, number]): tf.Tensor3D {
  return tf.tensor3d(
    Float32Array.from({ length: shape[0] * shape[1] * shape[2] }, () => random.normal()),
    shape,
  );
}

/** Position of the first largest value. */
function largest(values: readonly number[]): number {
  return values.indexOf(Math.max(...values));
}

function naive(query: number[][], key: number[][]): { index: number[]; weight: number[] } {
  const cosine = (a: number[], b: number[]) => {
    const dot = (x: number[], y: number[]) => x.reduce((sum, value, k) => sum + value * (y[k] as number), 0);
    return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  };
  const index = query.map((q) => largest(key.map((k) => cosine(q, k))));
  const nearestQuery = key.map((k) => largest(query.map((q) => cosine(q, k))));
  return { index, weight: index.map((match, cell) => (nearestQuery[match] === cell ? 1 : 0)) };
}

describe('mutual', () => {
  describeBackends(
    'on a backend',
    () => {
      it('agrees with loops over cells, image by image', async () => {
        const random = new RandomStream(3);
        const query = randomFeatures(random, [4, 12, 5]);
        const key = randomFeatures(random, [4, 12, 5]);
        const { index, weight } = mutual(similarityMatching())(inputOf(query, key));
        expect(index.dtype).toBe('int32');
        const [queries, keys] = [await query.array(), await key.array()];
        const expected = queries.map((cells, image) => naive(cells, keys[image] as number[][]));
        expect(await index.array()).toEqual(expected.map((image) => image.index));
        expect(await weight.array()).toEqual(expected.map((image) => image.weight));
        const counted = expected.flatMap((image) => image.weight);
        expect(counted).toContain(0);
        expect(counted).toContain(1);
      });

      it('finds a shuffle of the cells, all mutual and of similarity 1', async () => {
        const key = randomFeatures(new RandomStream(5), [1, 6, 8]);
        const order = [3, 0, 5, 1, 4, 2];
        const match = mutual(similarityMatching())(inputOf(tf.gather(key, order, 1), key));
        expect(await match.index.array()).toEqual([order]);
        expect(await match.weight.array()).toEqual([[1, 1, 1, 1, 1, 1]]);
        for (const value of (await match.similarity?.data()) ?? []) expect(value).toBeCloseTo(1, 5);
        expect(match.similarity?.shape).toEqual([1, 6]);
      });

      it('keeps the weights of the matching inside, and its settings', async () => {
        const random = new RandomStream(9);
        const input = inputOf(randomFeatures(random, [2, 9, 4]), randomFeatures(random, [2, 9, 4]));
        const plain = semanticReweighting(similarityMatching(), { spatial: false });
        const [{ weight: inside }, { weight }, { weight: chosen }] = [
          plain(input),
          mutual(plain)(input),
          mutual(similarityMatching())(input),
        ];
        const [expected, kept] = [await inside.data(), await chosen.data()];
        expect([...(await weight.data())]).toEqual(
          [...expected].map((value, i) => value * (kept[i] as number)),
        );
        expect(mutual(plain).settings).toEqual({ matching: { name: plain.name, ...plain.settings } });
      });

      it('leaks nothing', async () => {
        const random = new RandomStream(7);
        const input = inputOf(randomFeatures(random, [2, 4, 3]), randomFeatures(random, [2, 4, 3]));
        await expectNoLeaks(() => {
          const { index, weight, similarity } = mutual(similarityMatching())(input);
          tf.dispose([index, weight, similarity as tf.Tensor2D]);
        });
      });
    },
    { backends: ['cpu', 'wasm'] },
  );
});
