import { describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { randomValues } from '../../../test/expect-like-naive.ts';
import { subgroupPaths } from '../../../test/subgroup-paths.ts';
import { infoNce } from './info-nce.ts';
import { watchDispatches } from './watch-dispatches.ts';

extendExpect();

/** Losses and gradients by loops in double precision. */
function naive(
  [query, positive, negatives]: readonly [Float64Array, Float64Array, Float64Array],
  dim: number,
  temperature: number,
) {
  const count = query.length / dim;
  const loss = new Float64Array(count);
  const queryGradient = new Float64Array(query.length);
  const positiveGradient = new Float64Array(query.length);
  const at = (rows: Float64Array, row: number, column: number) => rows[row * dim + column] as number;
  const dot = (i: number, rows: Float64Array, row: number) => {
    let sum = 0;
    for (let k = 0; k < dim; k++) sum += at(query, i, k) * at(rows, row, k);
    return sum / temperature;
  };
  for (let i = 0; i < count; i++) {
    const logits = [dot(i, positive, i)];
    for (let j = 0; j < negatives.length / dim; j++) logits.push(dot(i, negatives, j));
    const largest = logits.reduce((a, b) => Math.max(a, b));
    const exponentials = logits.map((logit) => Math.exp(logit - largest));
    const total = exponentials.reduce((a, b) => a + b);
    loss[i] = largest + Math.log(total) - (logits[0] as number);
    const rest = exponentials.slice(1).reduce((a, b) => a + b) / total;
    for (let k = 0; k < dim; k++) {
      let mean = 0;
      for (let j = 1; j < logits.length; j++) {
        mean += ((exponentials[j] as number) / total) * at(negatives, j - 1, k);
      }
      queryGradient[i * dim + k] = (mean - rest * at(positive, i, k)) / temperature;
      positiveGradient[i * dim + k] = (-rest * at(query, i, k)) / temperature;
    }
  }
  return { loss, queryGradient, positiveGradient };
}

// queries, width, negatives: inside, at and past tiles of 64, parts of 64 values, a part of 256, and several slices
const sizes: [number, number, number][] = [
  [1, 1, 1],
  [3, 5, 7],
  [64, 64, 64],
  [65, 128, 130],
  [2, 130, 65],
  [5, 260, 70],
  [3, 8, 700],
];

const settings = Object.values(subgroupPaths).flatMap((path) =>
  [true, false].map((withGradients) => ({ path, withGradients })),
);

describeBackends(
  'infoNce on WebGPU',
  () => {
    it.each(sizes)('%i queries of %i values, %i negatives: as loops', async (count, dim, length) => {
      await expectNoLeaks(async () => {
        const values = [randomValues([count, dim], 1), randomValues([count, dim], 2), randomValues([length, dim], 3)] as const; // biome-ignore format: one a row
        const temperature = 0.7 * Math.sqrt(dim);
        const expected = naive(values, dim, temperature);
        const [query, positive, negatives] = values.map((rows) =>
          tf.tensor2d(Float32Array.from(rows), [rows.length / dim, dim]),
        ) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
        for (const { path, withGradients } of settings) {
          const result = path(() => infoNce(query, positive, negatives, { temperature, withGradients }));
          if (!result) throw new Error('this adapter has too little workgroup memory');
          const { loss, queryGradient, positiveGradient } = result;
          await expect(loss).toBeAllClose(expected.loss, { relative: 1e-5, absolute: 1e-5 });
          expect(queryGradient !== undefined).toBe(withGradients);
          if (!queryGradient || !positiveGradient) {
            loss.dispose();
            continue;
          }
          const tolerance = { relative: 1e-4, absolute: 1e-5 };
          expect(await queryGradient.data()).toBeAllClose(expected.queryGradient, tolerance);
          expect(await positiveGradient.data()).toBeAllClose(expected.positiveGradient, tolerance);
          tf.dispose([loss, queryGradient, positiveGradient]);
        }
        tf.dispose([query, positive, negatives]);
      });
    });

    it('takes two dispatches, whatever the number of negatives, and writes no logits', () => {
      const bytes: number[] = [];
      const stop = watchDispatches(({ outputs }) =>
        bytes.push(...outputs.map(({ shape }) => shape.reduce((a, b) => a * b, 4))),
      );
      let dispatches = 0;
      const stopCounting = watchDispatches(() => dispatches++);
      tf.tidy(() => {
        const rows = (count: number) => tf.randomNormal<tf.Rank.R2>([count, 8], 0, 1, 'float32', 1);
        infoNce(rows(70), rows(70), rows(3000), { temperature: 1, withGradients: false });
      });
      stop();
      stopCounting();
      expect(dispatches).toBe(2);
      expect(Math.max(...bytes)).toBeLessThan(4 * 70 * 3000);
    });
  },
  { backends: ['webgpu'] },
);
