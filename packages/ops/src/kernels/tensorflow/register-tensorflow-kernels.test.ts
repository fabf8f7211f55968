import { describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { convolution } from '../../convolution.ts';
import { registerGradients } from '../../register-gradients.ts';
import { registerTensorflowKernels } from './register-tensorflow-kernels.ts';

extendExpect();

type Pad = Parameters<typeof tf.conv2d>[3];
type Shape4 = [number, number, number, number];

/** Input, filter, strides, padding. */
const cases: [string, Shape4, Shape4, [number, number], Pad][] = [
  ['same', [2, 5, 7, 3], [1, 1, 3, 4], [1, 1], 'same'],
  ['a stride that leaves cells over', [2, 5, 8, 3], [1, 1, 3, 4], [2, 2], 'valid'],
  ['a stride past the far edge, same', [2, 6, 7, 3], [1, 1, 3, 4], [3, 3], 'same'],
  ['strides that differ', [1, 7, 9, 2], [1, 1, 2, 5], [3, 2], 'valid'],
  ['one cell', [1, 1, 1, 6], [1, 1, 6, 2], [1, 1], 'valid'],
  ['a larger filter, which stays as it was', [2, 6, 7, 3], [3, 3, 3, 4], [2, 2], 'same'],
];

const explicit: [string, Shape4, Shape4, [number, number], Pad][] = [
  [
    'padding that differs',
    [2, 5, 6, 3],
    [1, 1, 3, 4],
    [2, 3],
    [
      [0, 0],
      [1, 2],
      [0, 3],
      [0, 0],
    ],
  ],
];

const random = (shape: Shape4, seed: number) => tf.randomNormal<tf.Rank.R4>(shape, 0, 1, 'float32', seed);

describeBackends(
  'tf.conv2d with a 1×1 filter',
  () => {
    const values = async (compute: () => tf.Tensor[]) => {
      const results = tf.tidy(compute);
      const read = await Promise.all(results.map(async (result) => (await result.data()).slice()));
      tf.dispose(results);
      return read;
    };
    /** The same on the JavaScript backend, which tfjs-node brings. */
    const onCpu = async (compute: () => tf.Tensor[]) => {
      await tf.setBackend('cpu');
      const results = await values(compute);
      await tf.setBackend('tensorflow');
      return results;
    };
    const expectAsOnCpu = async (compute: () => tf.Tensor[]) => {
      const expected = await onCpu(compute);
      await expectNoLeaks(async () => {
        for (const [i, result] of (await values(compute)).entries())
          expect(result).toBeAllClose(expected[i] ?? [], { relative: 1e-4, absolute: 1e-4 });
      });
    };

    beforeAll(() => {
      registerGradients();
      registerTensorflowKernels();
      registerTensorflowKernels();
    });

    it.each(cases)(
      '%s: values and gradients as on the JavaScript backend',
      async (_, x, filter, strides, pad) => {
        await expectAsOnCpu(() => {
          const [images, weights] = [random(x, 1), random(filter, 2)];
          const y = tf.conv2d(images, weights, strides, pad);
          const gradients = tf.grads((a, b) => tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, strides, pad));
          return [y, ...gradients([images, weights], random(y.shape, 3))];
        });
      },
    );

    it.each(explicit)('%s', async (_, x, filter, strides, pad) => {
      await expectAsOnCpu(() => [tf.conv2d(random(x, 1), random(filter, 2), strides, pad)]);
    });

    it('fused with a bias and an activation', async () => {
      await expectAsOnCpu(() => [
        tf.fused.conv2d({
          x: random([2, 4, 4, 3], 1),
          filter: random([1, 1, 3, 5], 2),
          strides: 2,
          pad: 'same',
          bias: tf.tensor1d([1, -1, 0.5, 0, 2]),
          activation: 'relu6',
        }),
      ]);
    });

    it('is what convolution of this package computes', async () => {
      const [x, filter] = [random([3, 9, 8, 5], 1), random([1, 1, 5, 4], 2)];
      const [ours, stock] = tf.tidy(() => [
        convolution(x, filter, { stride: 2, padding: 1 }),
        tf.conv2d(x, filter, 2, 1),
      ]) as [tf.Tensor, tf.Tensor];
      await expect(ours).toBeAllClose(stock, { absolute: 0 });
      tf.dispose([x, filter, ours, stock]);
    });

    it('says of impossible padding what tfjs says', () => {
      tf.tidy(() => {
        expect(() => tf.conv2d(random([1, 4, 4, 3], 1), random([1, 1, 2, 5], 2), 1, 'same')).toThrow(
          /depth of input/,
        );
      });
    });
  },
  { backends: ['tensorflow'] },
);
