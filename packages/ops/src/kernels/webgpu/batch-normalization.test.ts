import { RandomStream } from '@pixcon/core';
import { describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { randomValues } from '../../../test/expect-like-naive.ts';
import { subgroupPaths } from '../../../test/subgroup-paths.ts';
import { referenceBatchNormalization } from '../reference/batch-normalization.ts';
import type { Kernels } from '../types.ts';
import { forwardInSlices, webgpuBatchNormalization } from './batch-normalization.ts';
import { backwardAtOnce, forwardAtOnce } from './batch-normalization-at-once.ts';
import { backwardInSlices } from './batch-normalization-backward.ts';
import { watchDispatches } from './watch-dispatches.ts';

extendExpect();

type Shape = [number, number, number, number];

const random = <T extends tf.Tensor>(shape: readonly number[], seed: number) =>
  tf.tensor(Float32Array.from(randomValues(shape, seed)), [...shape]) as T;

interface Variation {
  readonly relu: boolean;
  readonly residual: boolean;
  readonly affine: boolean;
}

const variations: Variation[] = [
  { relu: false, residual: false, affine: false },
  { relu: true, residual: false, affine: true },
  { relu: false, residual: true, affine: true },
  { relu: true, residual: true, affine: true },
];

function bothWays(
  table: Pick<Kernels, 'batchNormalizationForward' | 'batchNormalizationBackward'>,
  shape: Shape,
  { relu, residual, affine }: Variation,
): tf.Tensor[] {
  const x = random<tf.Tensor4D>(shape, 1);
  const channels = shape[3];
  const scale = affine ? random<tf.Tensor1D>([channels], 2) : undefined;
  const forward = table.batchNormalizationForward({
    x,
    scale,
    offset: affine ? random<tf.Tensor1D>([channels], 3) : undefined,
    residual: residual ? random<tf.Tensor4D>(shape, 4) : undefined,
    relu,
    runningMean: random<tf.Tensor1D>([channels], 5),
    runningVariance: tf.abs(random<tf.Tensor1D>([channels], 6)),
    epsilon: 1e-5,
    momentum: 0.1,
  });
  const backward = table.batchNormalizationBackward({
    x,
    dy: random<tf.Tensor4D>(shape, 7),
    y: relu ? forward.y : undefined,
    scale,
    reserve: forward.reserve,
    residual,
    epsilon: 1e-5,
  });
  expect(backward.residual !== undefined).toBe(residual);
  return [
    forward.y,
    forward.runningMean,
    forward.runningVariance,
    backward.x,
    backward.scale,
    backward.offset,
    ...(backward.residual ? [backward.residual] : []),
  ];
}

const ways = {
  'in slices': { batchNormalizationForward: forwardInSlices, batchNormalizationBackward: backwardInSlices },
  'at once': { batchNormalizationForward: forwardAtOnce, batchNormalizationBackward: backwardAtOnce },
};

const waysAndPaths = Object.entries(ways).flatMap(([way, table]) =>
  Object.entries(subgroupPaths).map(([name, path]) => [`${way} ${name}`, table, path] as const),
);

// One and several workgroups along a row, one and several slices of rows, with and without loads of four.
const shapes: Shape[] = [
  [1, 1, 2, 1],
  [2, 1, 1, 3],
  [1, 3, 3, 5],
  [3, 5, 7, 64],
  [2, 9, 8, 130],
  [1, 40, 41, 4],
  [5, 4, 7, 12],
];

describeBackends(
  'batch normalization on WebGPU',
  () => {
    for (const variation of variations) {
      const { relu, residual, affine } = variation;
      it.each(shapes)(
        `as the reference: [%i, %i, %i, %i], relu ${relu}, residual ${residual}, affine ${affine}`,
        async (...shape) => {
          await expectNoLeaks(async () => {
            const expected = tf.tidy(() => bothWays(referenceBatchNormalization, shape, variation));
            for (const [, table, path] of waysAndPaths) {
              const actual = tf.tidy(() => path(() => bothWays(table, shape, variation)));
              expect(actual.length).toBe(expected.length);
              for (const [i, tensor] of actual.entries()) {
                await expect(tensor).toBeAllClose(expected[i] as tf.Tensor, {
                  relative: 1e-4,
                  absolute: 1e-4,
                });
              }
              tf.dispose(actual);
            }
            tf.dispose(expected);
          });
        },
      );
    }

    it.each(waysAndPaths)(
      'loses no digits of the deviation where the mean is large, %s',
      async (_, table, path) => {
        const stream = new RandomStream(1);
        const rows = 3000;
        const values = Float32Array.from({ length: rows * 8 }, (_, i) => 1000 * (i % 8) + stream.normal());
        const [x, zeros] = [tf.tensor4d(values, [1, 50, 60, 8]), tf.zeros<tf.Rank.R1>([8])];
        const { y, runningVariance, reserve, runningMean } = path(() =>
          table.batchNormalizationForward({
            x,
            scale: undefined,
            offset: undefined,
            residual: undefined,
            relu: false,
            runningMean: zeros,
            runningVariance: zeros,
            epsilon: 1e-5,
            momentum: 1,
          }),
        );
        const [result, variances, means] = await Promise.all([
          y.data(),
          runningVariance.data(),
          runningMean.data(),
        ]);
        for (let c = 0; c < 8; c++) {
          const channel = Float64Array.from({ length: rows }, (_, row) => values[row * 8 + c] as number);
          const mean = channel.reduce((sum, value) => sum + value, 0) / rows;
          const variance = channel.reduce((sum, value) => sum + (value - mean) ** 2, 0) / rows;
          expect(Math.abs((means[c] as number) - mean)).toBeLessThan(2e-7 * Math.abs(mean) + 1e-6);
          expect((variances[c] as number) / (variance * (rows / (rows - 1)))).toBeCloseTo(1, 5);
          const first = (channel[0] as number) - mean;
          expect((result[c] as number) * Math.sqrt(variance + 1e-5)).toBeCloseTo(first, 5);
        }
        tf.dispose([x, zeros, y, runningVariance, runningMean, ...reserve]);
      },
    );

    it.each<[Shape, number]>([
      [[2, 9, 8, 64], 1],
      [[1, 70, 60, 4], 2],
    ])('%j takes %i dispatches each way', (shape, each) => {
      let dispatches = 0;
      const stop = watchDispatches(() => dispatches++);
      tf.tidy(() => bothWays(webgpuBatchNormalization, shape, { relu: true, residual: true, affine: true }));
      stop();
      expect(dispatches).toBe(2 * each);
    });

    it('keeps values that are not numbers, past the ReLU', async () => {
      const x = tf.tensor4d([1, Number.NaN, 3, 4], [4, 1, 1, 1]);
      const [y] = tf.tidy(() => {
        const channel = tf.ones<tf.Rank.R1>([1]);
        const { y } = webgpuBatchNormalization.batchNormalizationForward({
          x,
          scale: channel,
          offset: channel,
          residual: undefined,
          relu: true,
          runningMean: channel,
          runningVariance: channel,
          epsilon: 1e-5,
          momentum: 0.1,
        });
        return [y];
      });
      expect([...(await (y as tf.Tensor).data())].every(Number.isNaN)).toBe(true);
      tf.dispose([x, y as tf.Tensor]);
    });
  },
  { backends: ['webgpu'] },
);
