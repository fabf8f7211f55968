import { describeBackends, expectNoLeaks } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { expectLikeNaive } from '../test/expect-like-naive.ts';
import { naiveMaxPool } from '../test/naive.ts';
import { maxPool } from './max-pool.ts';

type Shape4 = [number, number, number, number];

const cases: [Shape4, number, number, number][] = [
  [[2, 8, 8, 3], 3, 2, 1],
  [[1, 7, 9, 5], 3, 2, 1],
  [[2, 5, 4, 1], 2, 2, 0],
  [[1, 6, 7, 2], 3, 1, 1],
  [[1, 6, 7, 2], 2, 3, 1],
  [[1, 9, 9, 2], 5, 3, 2],
  [[3, 4, 4, 2], 1, 2, 0],
];

describeBackends('maxPool', () => {
  it.each(cases)('x %j, size %i, stride %i, padding %i', async (shape, size, stride, padding) => {
    const options = { size, stride, padding };
    await expectLikeNaive(
      (x) => maxPool(x as tf.Tensor4D, options),
      (x) => naiveMaxPool(x as Float64Array, shape, options).values,
      [shape],
    );
  });

  it('lets padding never win over negative values', async () => {
    await expectNoLeaks(async () => {
      const x = tf.fill([1, 4, 4, 2], -5) as tf.Tensor4D;
      const y = maxPool(x, { size: 3, stride: 2, padding: 1 });
      await expect(y).toBeAllClose(new Float32Array(8).fill(-5));
      tf.dispose([x, y]);
    });
  });

  it('sends the whole gradient through where values tie', async () => {
    await expectNoLeaks(async () => {
      const x = tf.ones([1, 6, 6, 1]) as tf.Tensor4D;
      const dy = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 3, 1]);
      const gradient = tf.grad((x) => maxPool(x as tf.Tensor4D, { size: 3, stride: 2, padding: 1 }))(x, dy);
      expect((await gradient.data<'float32'>()).reduce((sum, value) => sum + value, 0)).toBe(45);
      tf.dispose([x, dy, gradient]);
    });
  });

  it.each([1, 4, 3])(
    'gives NaN where a window holds one, and the gradient to the last (%i channels)',
    async (channels) => {
      // Of each row: the images of 2×2, one window; the value; which cell has the gradient.
      const windows: [number[], number, number][] = [
        [[Number.NaN, 1, 2, 3], Number.NaN, 0],
        [[1, Number.NaN, 2, 3], Number.NaN, 1],
        [[5, 1, 2, -Number.NaN], Number.NaN, 3],
        [[1, Number.NaN, Number.NaN, 7], Number.NaN, 2],
        [[Number.NaN, Number.NaN, Number.NaN, Number.NaN], Number.NaN, 3],
        [[1, Infinity, 2, -Infinity], Infinity, 1],
        [[-Infinity, -Infinity, -Infinity, -Infinity], -Infinity, 0],
        [[1, 7, 7, 2], 7, 1],
      ];
      const spread = (values: readonly number[]) => values.flatMap((value) => Array.from({ length: channels }, () => value)); // biome-ignore format: a call
      const x = tf.tensor4d(windows.flatMap(([cells]) => spread(cells)), [windows.length, 2, 2, channels]); // biome-ignore format: a call
      const dy = tf.ones<tf.Rank.R4>([windows.length, 1, 1, channels]);
      const winners = windows.flatMap(([, , at]) => spread([0, 1, 2, 3].map((cell) => Number(cell === at))));
      await expectNoLeaks(async () => {
        // With padding, each window sees all four cells, too.
        for (const options of [{ size: 2 }, { size: 3, stride: 3, padding: 1 }]) {
          const pool = (images: tf.Tensor) => maxPool(images as tf.Tensor4D, options);
          const [y, gradient] = [pool(x), tf.grad(pool)(x, dy)];
          expect(await y.data()).toBeAllClose(spread(windows.map(([, value]) => value)));
          expect(await gradient.data()).toBeAllClose(winners);
          tf.dispose([y, gradient]);
        }
      });
      tf.dispose([x, dy]);
    },
  );

  it('moves by its size where no stride is given', () => {
    const y = maxPool(tf.ones([1, 6, 6, 1]), { size: 3 });
    expect(y.shape).toEqual([1, 2, 2, 1]);
    y.dispose();
  });
});

describe('maxPool checks its input', () => {
  it.each([
    [() => maxPool(tf.ones([2, 2, 1]) as unknown as tf.Tensor4D, { size: 2 }), /x must have shape/],
    [() => maxPool(tf.ones([1, 2, 2, 1]), { size: 3 }), /3×3 window/],
    [() => maxPool(tf.ones([1, 2, 2, 1]), { size: 2, padding: 2 }), /padding/],
    [() => maxPool(tf.ones([1, 2, 2, 1]), { size: 2, stride: 0 }), /stride/],
  ])('%#', (run, message) => expect(run).toThrow(message));
});
