import { checkGradients, describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { cosineSimilarity } from './cosine-similarity.ts';
import { gatherCells } from './gather-cells.ts';

extendExpect();

const random = (shape: [number, number, number], seed: number) =>
  tf.randomNormal<tf.Rank.R3>(shape, 0, 1, 'float32', seed);

describeBackends('cosineSimilarity', () => {
  it.each([
    [1, 1, 1, 2],
    [2, 3, 5, 4],
    [3, 49, 49, 64],
  ])('agrees with plain loops for batch %i, %i queries, %i keys, %i channels', async (b, n, m, c) => {
    const [query, key] = [random([b, n, c], 1), random([b, m, c], 2)];
    const [q, k] = [await query.data(), await key.data()];
    const expected = new Float32Array(b * n * m);
    for (let image = 0; image < b; image++) {
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < m; j++) {
          let [dot, qq, kk] = [0, 0, 0];
          for (let channel = 0; channel < c; channel++) {
            const left = q[(image * n + i) * c + channel] as number;
            const right = k[(image * m + j) * c + channel] as number;
            dot += left * right;
            qq += left * left;
            kk += right * right;
          }
          expected[(image * n + i) * m + j] = dot / Math.sqrt(qq * kk);
        }
      }
    }
    const similarity = cosineSimilarity(query, key);
    expect(similarity.shape).toEqual([b, n, m]);
    await expect(similarity).toBeAllClose(expected, { absolute: 1e-5 });
    tf.dispose([query, key, similarity]);
  });

  it('is symmetric, does not depend on scale, and is 0 for a zero cell', async () => {
    const [query, key] = [random([2, 3, 4], 3), random([2, 5, 4], 4)];
    const [forward, back, scaled, zero] = tf.tidy(() => [
      cosineSimilarity(query, key),
      tf.transpose(cosineSimilarity(key, query), [0, 2, 1]),
      cosineSimilarity(tf.mul(query, 1000), tf.mul(key, 0.001)),
      cosineSimilarity(tf.zerosLike(query), key),
    ]) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    await expect(back).toBeAllClose(forward, { absolute: 1e-6 });
    await expect(scaled).toBeAllClose(forward, { absolute: 1e-5 });
    await expect(zero).toBeAllClose(new Float32Array(30));
    tf.dispose([query, key, forward, back, scaled, zero]);
  });

  it('has the gradients that differences show, leaks nothing, and checks shapes', async () => {
    const [query, key] = [random([2, 2, 3], 5), random([2, 4, 3], 6)];
    expectNoLeaks(() => cosineSimilarity(query, key).dispose());
    await checkGradients((a, b) => cosineSimilarity(a, b), [query, key], { epsilon: 3e-3, absolute: 3e-3 });
    expect(() => cosineSimilarity(query, random([2, 4, 5], 1))).toThrow('key must have shape [2, any, 3]');
    tf.dispose([query, key]);
  });
});

describeBackends('gatherCells', () => {
  it('picks by image and index', async () => {
    const cells = tf.tensor3d([[[1, 2], [3, 4], [5, 6]], [[7, 8], [9, 10], [11, 12]]]); // biome-ignore format: rows
    const index = tf.tensor2d([[2, 2, 0, 1], [0, 2, 1, 0]], [2, 4], 'int32'); // biome-ignore format: rows
    const picked = gatherCells(cells, index);
    await expect(picked).toBeAllClose([
      [[5, 6], [5, 6], [1, 2], [3, 4]],
      [[7, 8], [11, 12], [9, 10], [7, 8]],
    ]); // biome-ignore format: rows
    tf.dispose([cells, index, picked]);
  });

  it('adds up the gradient of a cell over its picks; a cell that nobody picked gets 0', async () => {
    const cells = random([2, 3, 2], 7);
    const index = tf.tensor2d([[2, 2, 0, 2], [1, 1, 1, 1]], [2, 4], 'int32'); // biome-ignore format: rows
    const gradient = tf.tidy(() =>
      tf.grad((x) => gatherCells(x as tf.Tensor3D, index))(cells, tf.ones([2, 4, 2])),
    );
    await expect(gradient).toBeAllClose([[[1, 1], [0, 0], [3, 3]], [[0, 0], [4, 4], [0, 0]]]); // biome-ignore format: rows
    await checkGradients((x) => gatherCells(x, index), [cells]);
    expectNoLeaks(() => gatherCells(cells, index).dispose());
    tf.dispose([cells, index, gradient]);
  });

  it('works on one image with one cell', async () => {
    const cells = tf.tensor3d([[[4, 5]]]);
    const index = tf.tensor2d([[0]], [1, 1], 'int32');
    const picked = gatherCells(cells, index);
    await expect(picked).toBeAllClose([[[4, 5]]]);
    tf.dispose([cells, index, picked]);
  });

  it('checks the index', () => {
    const cells = random([2, 3, 2], 8);
    expect(() => gatherCells(cells, tf.zeros<tf.Rank.R2>([2, 3]))).toThrow('index must be int32');
    expect(() => gatherCells(cells, tf.zeros<tf.Rank.R2>([1, 3], 'int32'))).toThrow(
      'index must have shape [2, any]',
    );
    cells.dispose();
  });
});
