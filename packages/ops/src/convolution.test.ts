import { describeBackends } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { expectLikeNaive } from '../test/expect-like-naive.ts';
import { naiveConvolution } from '../test/naive.ts';
import { convolution } from './convolution.ts';

type Shape4 = [number, number, number, number];

// x, filter, stride, padding, dilation
const cases: [Shape4, Shape4, number, number, number][] = [
  [[1, 5, 5, 1], [3, 3, 1, 1], 1, 1, 1],
  [[2, 7, 5, 3], [3, 3, 3, 5], 1, 1, 1],
  [[2, 7, 5, 3], [3, 3, 3, 5], 1, 0, 1],
  [[2, 7, 6, 3], [3, 3, 3, 5], 2, 1, 1],
  [[1, 8, 8, 5], [3, 3, 5, 1], 2, 1, 1],
  [[2, 6, 9, 3], [3, 3, 3, 4], 3, 1, 1],
  [[1, 11, 10, 3], [7, 7, 3, 2], 2, 3, 1],
  [[2, 4, 5, 5], [1, 1, 5, 3], 1, 0, 1],
  [[3, 1, 1, 2], [1, 1, 2, 3], 1, 0, 1],
  [[2, 5, 7, 3], [1, 1, 3, 5], 2, 0, 1],
  [[2, 6, 6, 3], [1, 1, 3, 2], 2, 0, 1],
  [[1, 5, 4, 3], [1, 1, 3, 2], 1, 1, 1],
  [[1, 6, 5, 2], [2, 3, 2, 3], 1, 1, 1],
  [[1, 6, 5, 2], [2, 3, 2, 3], 2, 2, 1],
  [[1, 4, 4, 2], [4, 4, 2, 3], 4, 0, 1],
  [[1, 5, 5, 2], [2, 2, 2, 2], 3, 2, 1],
  [[2, 7, 6, 3], [3, 3, 3, 2], 1, 2, 2],
  [[1, 9, 7, 1], [3, 3, 1, 5], 1, 0, 2],
  [[1, 8, 9, 2], [3, 3, 2, 2], 1, 4, 4],
  [[1, 7, 8, 2], [3, 2, 2, 3], 2, 2, 2],
];

describeBackends('convolution', () => {
  it.each(cases)(
    'x %j, filter %j, stride %i, padding %i, dilation %i',
    async (x, filter, stride, padding, dilation) => {
      const geometry = { stride, padding, dilation };
      const [batch, height, width] = x;
      const { shape } = naiveConvolution(
        new Float64Array(batch * height * width * x[3]),
        x,
        new Float64Array(filter[0] * filter[1] * filter[2] * filter[3]),
        filter,
        geometry,
      );
      await expectLikeNaive(
        (a, b) => {
          const y = convolution(a as tf.Tensor4D, b as tf.Tensor4D, geometry);
          expect(y.shape).toEqual(shape);
          return y;
        },
        (a, b) => naiveConvolution(a as Float64Array, x, b as Float64Array, filter, geometry).values,
        [x, filter],
      );
    },
  );

  it('adds up the gradients of a filter that is used twice', async () => {
    const x: Shape4 = [1, 4, 4, 2];
    const filter: Shape4 = [3, 3, 2, 2];
    const geometry = { stride: 1, padding: 1, dilation: 1 };
    await expectLikeNaive(
      (a, b) =>
        tf.tidy(() => {
          const once = convolution(a as tf.Tensor4D, b as tf.Tensor4D, geometry);
          return convolution(once, b as tf.Tensor4D, geometry);
        }),
      (a, b) => {
        const f = b as Float64Array;
        return naiveConvolution(
          naiveConvolution(a as Float64Array, x, f, filter, geometry).values,
          x,
          f,
          filter,
          geometry,
        ).values;
      },
      [x, filter],
      { relative: 1e-3, absolute: 1e-3 },
    );
  });
});

describe('convolution checks its input', () => {
  const x = () => tf.ones([1, 4, 4, 2]) as tf.Tensor4D;
  it.each([
    [() => convolution(x(), tf.ones([3, 3, 3, 2])), /filter must have shape \[any, any, 2, any\]/],
    [
      () => convolution(tf.ones([4, 4, 2]) as unknown as tf.Tensor4D, tf.ones([3, 3, 2, 2])),
      /x must have shape/,
    ],
    [() => convolution(x(), tf.ones([3, 3, 2, 2]), { stride: 0 }), /stride/],
    [() => convolution(x(), tf.ones([3, 3, 2, 2]), { padding: -1 }), /padding/],
    [() => convolution(x(), tf.ones([3, 3, 2, 2]), { dilation: 1.5 }), /dilation/],
    [() => convolution(x(), tf.ones([3, 3, 2, 2]), { dilation: 2 }), /5×5 window/],
  ])('%#', (run, message) => expect(run).toThrow(message));
});
