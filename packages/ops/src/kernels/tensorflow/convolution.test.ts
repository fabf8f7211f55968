import { describeBackends, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { convolution } from '../../convolution.ts';

extendExpect();

describeBackends(
  'the filter gradient of a strided 1×1 convolution',
  () => {
    it('stays inside its buffer where cells are left over at the far edge', async () => {
      // The process used to die of it: not at once, but well within this many rounds.
      for (let round = 0; round < 200; round++) {
        const [gradient, expected] = tf.tidy(() => {
          const x = tf.randomNormal([3, 16, 16, 4]) as tf.Tensor4D;
          const filter = tf.randomNormal([1, 1, 4, 6]) as tf.Tensor4D;
          const dy = tf.randomNormal([3, 8, 8, 6]) as tf.Tensor4D;
          const gradient = tf.grad((w) => convolution(x, w as tf.Tensor4D, { stride: 2 }))(filter, dy);
          const read = tf.reshape(tf.stridedSlice(x, [0, 0, 0, 0], x.shape, [1, 2, 2, 1]), [192, 4]);
          const expected = tf.matMul(read, tf.reshape(dy, [192, 6]), true, false);
          return [gradient, tf.reshape(expected, [1, 1, 4, 6])];
        }) as [tf.Tensor, tf.Tensor];
        await expect(gradient).toBeAllClose(expected, { relative: 1e-4, absolute: 1e-4 });
        tf.dispose([gradient, expected]);
      }
    });
  },
  { backends: ['tensorflow'] },
);
