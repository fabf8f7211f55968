import { describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { randomValues } from '../../../test/expect-like-naive.ts';
import { referenceElementwise } from '../reference/elementwise.ts';
import { referencePooling } from '../reference/pooling.ts';
import { webgpuPooling } from './pooling.ts';

extendExpect();

const random = (shape: readonly number[], seed: number) =>
  tf.tensor(Float32Array.from(randomValues(shape, seed)), [...shape]);

type Case = [shape: [number, number, number, number], size: number, stride: number, padding: number];
const cases: Case[] = [
  [[2, 7, 5, 3], 3, 2, 1],
  [[1, 6, 6, 64], 3, 2, 1],
  [[1, 5, 4, 130], 2, 2, 0],
  [[2, 4, 9, 5], 3, 1, 1],
  [[1, 8, 8, 1], 5, 3, 2],
  [[1, 7, 7, 4], 2, 3, 1],
  [[3, 1, 1, 8], 1, 1, 0],
];

/** Pooling and its gradient by loops: of equal values in a window, the first has the gradient. */
function naive(
  x: Float32Array,
  [[batch, height, width, channels], size, stride, padding]: Case,
  dy?: Float32Array,
) {
  const out = (length: number) => Math.floor((length + 2 * padding - size) / stride) + 1;
  const y: number[] = [];
  const dx = new Float32Array(x.length);
  for (let b = 0; b < batch; b++) {
    for (let r = 0; r < out(height); r++) {
      for (let c = 0; c < out(width); c++) {
        for (let k = 0; k < channels; k++) {
          let best = -1;
          for (let i = r * stride - padding; i < r * stride - padding + size; i++) {
            for (let j = c * stride - padding; j < c * stride - padding + size; j++) {
              if (i < 0 || j < 0 || i >= height || j >= width) continue;
              const at = ((b * height + i) * width + j) * channels + k;
              if (best < 0 || (x[at] as number) > (x[best] as number)) best = at;
            }
          }
          if (dy) dx[best] = (dx[best] as number) + (dy[y.length] as number);
          y.push(x[best] as number);
        }
      }
    }
  }
  return { y: Float32Array.from(y), dx };
}

describeBackends(
  'pooling on WebGPU',
  () => {
    it.each(cases)(
      'as loops and as the reference: %j, size %i, stride %i, padding %i',
      async (...pooling) => {
        const [shape, size, stride, padding] = pooling;
        const geometry = { size, stride, padding };
        await expectNoLeaks(async () => {
          // Ties, as behind a ReLU.
          const x = tf.tidy(() => tf.relu(random(shape, 1) as tf.Tensor4D));
          const y = webgpuPooling.maxPool(x, geometry);
          const dy = random(y.shape, 2) as tf.Tensor4D;
          const dx = webgpuPooling.maxPoolGradient(dy, x, y, geometry);
          const values = (await x.data<'float32'>()) as Float32Array;
          const expected = naive(values, pooling, (await dy.data<'float32'>()) as Float32Array);
          expect(await y.data()).toEqual(expected.y);
          expect(await dx.data()).toBeAllClose(expected.dx);
          const reference = referencePooling.maxPool(x, geometry);
          await expect(y).toBeAllClose(reference);
          tf.dispose([x, y, dy, dx, reference]);
        });
      },
    );

    it('never takes padding for the largest value', async () => {
      const x = tf.fill<tf.Rank.R4>([1, 2, 2, 1], -3);
      const y = webgpuPooling.maxPool(x, { size: 3, stride: 2, padding: 1 });
      expect([...(await y.data())]).toEqual([-3]);
      tf.dispose([x, y]);
    });

    it.each([1, 3, 64, 130, 1025])('reluGradient as the reference: %i values', async (size) => {
      await expectNoLeaks(async () => {
        const [dy, y] = [random([size], 1), tf.tidy(() => tf.relu(random([size], 2)))];
        const actual = webgpuPooling.reluGradient(dy, y);
        const expected = referenceElementwise.reluGradient(dy, y);
        await expect(actual).toBeAllClose(expected, { relative: 0, absolute: 0 });
        tf.dispose([dy, y, actual, expected]);
      });
    });
  },
  { backends: ['webgpu'] },
);
