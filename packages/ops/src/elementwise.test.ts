import { describeBackends } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { expectLikeNaive } from '../test/expect-like-naive.ts';
import type { Values } from '../test/naive.ts';
import { add } from './add.ts';
import { globalAveragePool } from './global-average-pool.ts';
import { relu } from './relu.ts';

describeBackends('relu, add, globalAveragePool', () => {
  it('relu', async () => {
    await expectLikeNaive(
      (x) => relu(x as tf.Tensor),
      (x) => (x as Values).map((value) => Math.max(0, value)),
      [[3, 5, 2]],
    );
  });

  it('relu has no gradient at zero', async () => {
    const x = tf.tensor1d([-1, 0, 2]);
    const gradient = tf.grad((x) => relu(x))(x);
    await expect(gradient).toBeAllClose([0, 0, 1]);
    tf.dispose([x, gradient]);
  });

  it('relu lets NaN through, whatever its sign', async () => {
    // The sign bit of what arithmetic makes is set on x86.
    const bits = Int32Array.of(0x7fc00000, 0xffc00000 | 0, 0x7f800000, 0xff800000 | 0, 0x80000000 | 0);
    const x = tf.tensor1d([...new Float32Array(bits.buffer), 2, -2]);
    const inMemory = tf.tidy(() => tf.mul(x, 1));
    const y = relu(inMemory);
    expect(await y.data()).toBeAllClose([Number.NaN, Number.NaN, Infinity, 0, 0, 2, 0]);
    tf.dispose([x, inMemory, y]);
  });

  it('add, also of a tensor to itself', async () => {
    const sum = (a: Values, b: Values) => a.map((value, i) => value + (b[i] as number));
    await expectLikeNaive(
      (a, b) => add(a as tf.Tensor, b as tf.Tensor),
      (a, b) => sum(a as Values, b as Values),
      [
        [2, 3],
        [2, 3],
      ],
    );
    await expectLikeNaive(
      (a) => add(a as tf.Tensor, a as tf.Tensor),
      (a) => sum(a as Values, a as Values),
      [[2, 3]],
    );
  });

  it('add joins a residual path without disturbing either gradient', async () => {
    await expectLikeNaive(
      (a) =>
        tf.tidy(() => {
          const activated = relu(a as tf.Tensor);
          return add(add(activated, a as tf.Tensor), activated);
        }),
      (a) => (a as Values).map((value) => value + 2 * Math.max(0, value)),
      [[4, 3]],
    );
  });

  it.each([[[2, 3, 5, 4]], [[1, 1, 1, 3]], [[3, 7, 2]], [[1, 1, 1]]])(
    'globalAveragePool of %j',
    async (shape: number[]) => {
      const batch = shape[0] as number;
      const channels = shape[shape.length - 1] as number;
      await expectLikeNaive(
        (x) => globalAveragePool(x as tf.Tensor4D),
        (x) => {
          const values = x as Values;
          const cells = values.length / (batch * channels);
          const mean = new Float64Array(batch * channels);
          values.forEach((value, i) => {
            const to = Math.floor(i / (cells * channels)) * channels + (i % channels);
            mean[to] = (mean[to] as number) + value / cells;
          });
          return mean;
        },
        [shape],
      );
    },
  );
});

describe('checks', () => {
  it.each([
    [() => add(tf.ones([2]), tf.ones([3])), /b must have shape \[2\]/],
    [() => globalAveragePool(tf.ones([2, 3]) as unknown as tf.Tensor3D), /globalAveragePool: x must be/],
  ])('%#', (run, message) => expect(run).toThrow(message));
});
