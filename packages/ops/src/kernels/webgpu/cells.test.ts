import { describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { randomValues } from '../../../test/expect-like-naive.ts';
import { subgroupPaths } from '../../../test/subgroup-paths.ts';
import { referenceCells } from '../reference/cells.ts';
import { webgpuGatherCells } from './gather-cells.ts';
import { mostSimilar } from './most-similar.ts';
import { webgpuUnitRows } from './unit-rows.ts';

extendExpect();

const random = <T extends tf.Tensor>(shape: readonly number[], seed: number) =>
  tf.tensor(Float32Array.from(randomValues(shape, seed)), [...shape]) as T;

describeBackends(
  'cells on WebGPU',
  () => {
    it.each<[number, number]>([
      [1, 1],
      [3, 5],
      // Rows of one, two, four and eight lanes: several in a subgroup, or all of one.
      [2, 2],
      [9, 16],
      [70, 32],
      [7, 64],
      [2, 130],
      [5, 2048],
      [300, 3],
    ])('unitRows and its gradient as the reference: [%i, %i]', async (rows, dim) => {
      await expectNoLeaks(async () => {
        const x = random<tf.Tensor2D>([rows, dim], 1);
        const dy = random<tf.Tensor2D>([rows, dim], 2);
        for (const epsilon of [1e-12, 2]) {
          const expected = tf.tidy(() => referenceCells.unitRows(x, epsilon));
          const reference = tf.tidy(() =>
            referenceCells.unitRowsGradient(dy, expected.y, expected.norm, epsilon),
          );
          for (const path of Object.values(subgroupPaths)) {
            const actual = path(() => webgpuUnitRows.unitRows(x, epsilon));
            await expect(actual.y).toBeAllClose(expected.y);
            await expect(actual.norm).toBeAllClose(expected.norm);
            const dx = path(() => webgpuUnitRows.unitRowsGradient(dy, actual.y, actual.norm, epsilon));
            await expect(dx).toBeAllClose(reference, { relative: 1e-5, absolute: 1e-5 });
            tf.dispose([actual.y, actual.norm, dx]);
          }
          tf.dispose([expected.y, expected.norm, reference]);
        }
        tf.dispose([x, dy]);
      });
    });

    it.each<[number, number, number, number]>([
      [1, 2, 1, 1],
      [2, 3, 5, 4],
      [3, 7, 2, 130],
      [2, 49, 49, 5],
    ])(
      'gatherCells and its gradient as the reference: batch %i, %i cells, %i picks of %i',
      async (batch, cells, picks, channels) => {
        await expectNoLeaks(async () => {
          const x = random<tf.Tensor3D>([batch, cells, channels], 1);
          const values = Int32Array.from({ length: batch * picks }, (_, i) => (i * 7 + (i % 3)) % cells);
          const index = tf.tensor2d(values, [batch, picks], 'int32');
          const dy = random<tf.Tensor3D>([batch, picks, channels], 2);
          const actual = [
            webgpuGatherCells.gatherCells(x, index),
            webgpuGatherCells.gatherCellsGradient(dy, index, cells),
          ] as const;
          const expected = tf.tidy(
            () =>
              [
                referenceCells.gatherCells(x, index),
                referenceCells.gatherCellsGradient(dy, index, cells),
              ] as const,
          );
          await expect(actual[0]).toBeAllClose(expected[0], { relative: 0, absolute: 0 });
          await expect(actual[1]).toBeAllClose(expected[1]);
          tf.dispose([x, index, dy, ...actual, ...expected]);
        });
      },
    );

    it.each<[number, number, number, number]>([
      [1, 1, 1, 3],
      [2, 5, 3, 130],
      [2, 49, 49, 64],
      [1, 65, 70, 5],
      [2, 3, 130, 33],
    ])(
      'mostSimilar as the reference: batch %i, %i queries, %i keys of %i',
      async (batch, queries, keys, dim) => {
        await expectNoLeaks(async () => {
          const [query, key] = [
            random<tf.Tensor3D>([batch, queries, dim], 1),
            random<tf.Tensor3D>([batch, keys, dim], 2),
          ];
          const actual = mostSimilar(query, key);
          const expected = tf.tidy(() => referenceCells.mostSimilar(query, key));
          expect(actual.index.dtype).toBe('int32');
          expect([...(await actual.index.data())]).toEqual([...(await expected.index.data())]);
          await expect(actual.similarity).toBeAllClose(expected.similarity, {
            relative: 1e-5,
            absolute: 1e-5,
          });
          tf.dispose([query, key, actual.index, actual.similarity, expected.index, expected.similarity]);
        });
      },
    );

    it('mostSimilar takes the first of equal keys, wherever they lie', async () => {
      const [query, key] = [tf.ones<tf.Rank.R3>([1, 70, 6]), tf.ones<tf.Rank.R3>([1, 150, 6])];
      const { index, similarity } = mostSimilar(query, key);
      expect([...(await index.data())]).toEqual(new Array(70).fill(0));
      await expect(similarity).toBeAllClose(tf.ones([1, 70]));
      tf.dispose([query, key, index, similarity]);
    });
  },
  { backends: ['webgpu'] },
);
