import { describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { randomValues } from '../../../test/expect-like-naive.ts';
import { subgroupPaths } from '../../../test/subgroup-paths.ts';
import { webgpuRowSums } from './row-sums.ts';

extendExpect();

/** Σ over the middle axis of `[batch, rows, channels]`, in double precision. */
function naiveSums(values: Float64Array, [batch, rows, channels]: [number, number, number]): Float64Array {
  const sums = new Float64Array(batch * channels);
  values.forEach((value, at) => {
    const to = Math.floor(at / (rows * channels)) * channels + (at % channels);
    sums[to] = (sums[to] as number) + value;
  });
  return sums;
}

describeBackends(
  'sums over rows on WebGPU',
  () => {
    it.each<[number, number]>([
      [1, 1],
      [1, 130],
      [7, 3],
      [300, 5],
      [49, 64],
      // One, two and four lanes of four channels.
      [70, 4],
      [33, 8],
      [65, 12],
      // More than one workgroup adds up.
      [5000, 4],
      [4097, 3],
      [9001, 36],
    ])('columnSum: [%i, %i]', async (rows, channels) => {
      await expectNoLeaks(async () => {
        const values = randomValues([rows, channels], 1);
        const x = tf.tensor2d(Float32Array.from(values), [rows, channels]);
        for (const path of Object.values(subgroupPaths)) {
          const [sum, again] = [
            path(() => webgpuRowSums.columnSum(x)),
            path(() => webgpuRowSums.columnSum(x)),
          ];
          expect(sum.shape).toEqual([channels]);
          await expect(sum).toBeAllClose(naiveSums(values, [1, rows, channels]), { absolute: 2e-5 });
          expect(await again.data()).toEqual(await sum.data());
          tf.dispose([sum, again]);
        }
        x.dispose();
      });
    });

    it.each<[number, number, number]>([
      [1, 1, 1],
      [2, 49, 64],
      [3, 7, 5],
      [2, 196, 130],
    ])('cellMean: [%i, %i, %i]', async (batch, cells, channels) => {
      await expectNoLeaks(async () => {
        const values = randomValues([batch, cells, channels], 1);
        const x = tf.tensor3d(Float32Array.from(values), [batch, cells, channels]);
        const expected = naiveSums(values, [batch, cells, channels]).map((sum) => sum / cells);
        for (const path of Object.values(subgroupPaths)) {
          const mean = path(() => webgpuRowSums.cellMean(x));
          expect(mean.shape).toEqual([batch, channels]);
          await expect(mean).toBeAllClose(expected);
          mean.dispose();
        }
        x.dispose();
      });
    });

    it('rounds no more than the logarithm of the rows', async () => {
      const x = tf.fill<tf.Rank.R2>([100_000, 1], 0.1);
      for (const path of Object.values(subgroupPaths)) {
        const sum = path(() => webgpuRowSums.columnSum(x));
        expect((await sum.data())[0]).toBeCloseTo(100_000 * Math.fround(0.1), 2);
        sum.dispose();
      }
      x.dispose();
    });
  },
  { backends: ['webgpu'] },
);
