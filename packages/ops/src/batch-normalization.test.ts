import { describeBackends, expectNoLeaks } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { expectLikeNaive, randomValues } from '../test/expect-like-naive.ts';
import { naiveNormalization, naiveStatistics, type Values } from '../test/naive.ts';
import { batchNormalization } from './batch-normalization.ts';

const epsilon = 1e-5;

function runningVariables(channels: number) {
  const mean = randomValues([channels], 50);
  const variance = randomValues([channels], 51).map((value) => Math.fround(0.5 + value ** 2));
  return {
    mean,
    variance,
    ...tf.tidy(() => ({
      runningMean: tf.variable(tf.tensor1d(Float32Array.from(mean)), false),
      runningVariance: tf.variable(tf.tensor1d(Float32Array.from(variance)), false),
    })),
  };
}

const shapes: number[][] = [
  [2, 3, 5, 3],
  [1, 5, 4, 1],
  [3, 1, 1, 5],
  [2, 7, 3],
  [5, 4],
  [2, 1],
];

describeBackends('batchNormalization', () => {
  describe.each([
    { training: true, affine: true },
    { training: true, affine: false },
    { training: false, affine: true },
    { training: false, affine: false },
  ])('%o', ({ training, affine }) => {
    describe.each([
      { relu: false, withResidual: false },
      { relu: true, withResidual: false },
      { relu: false, withResidual: true },
      { relu: true, withResidual: true },
    ])('%o', ({ relu, withResidual }) => {
      it.each(shapes.map((shape) => [shape]))('%j', async (shape) => {
        const channels = shape[shape.length - 1] as number;
        const inputs = [shape];
        if (affine) inputs.push([channels], [channels]);
        if (withResidual) inputs.push(shape);
        const split = <T>(rest: T[]) => ({
          scale: affine ? rest[0] : undefined,
          offset: affine ? rest[1] : undefined,
          residual: withResidual ? rest[affine ? 2 : 0] : undefined,
        });
        await expectNoLeaks(async () => {
          const { mean, variance, runningMean, runningVariance } = runningVariables(channels);
          await expectLikeNaive(
            (x, ...rest) => {
              const { scale, offset, residual } = split(rest);
              return batchNormalization(
                x as tf.Tensor,
                {
                  scale: scale as tf.Tensor1D | undefined,
                  offset: offset as tf.Tensor1D | undefined,
                  runningMean,
                  runningVariance,
                },
                { training, relu, residual, momentum: 0 },
              );
            },
            (x, ...rest) =>
              naiveNormalization(
                x as Values,
                training ? naiveStatistics(x as Values, channels) : { mean, variance },
                { ...split(rest), relu, epsilon },
              ),
            inputs,
            // Two values per channel normalize to ±1 and have gradients of order √ε.
            { relative: 1e-3, absolute: 1e-3 },
          );
          await expect(runningMean).toBeAllClose(Float32Array.from(mean));
          await expect(runningVariance).toBeAllClose(Float32Array.from(variance));
          tf.dispose([runningMean, runningVariance]);
        });
      });
    });
  });

  it.each([
    [0.1, [3, 4, 5, 3]],
    [1, [7, 2]],
    [0.25, [2, 5, 3]],
  ])('moves the running statistics by %d, with the unbiased variance', async (momentum, shape) => {
    const channels = shape[shape.length - 1] as number;
    await expectNoLeaks(async () => {
      const { mean, variance, runningMean, runningVariance } = runningVariables(channels);
      const values = randomValues(shape, 3);
      const x = tf.tensor(Float32Array.from(values), shape);
      const names = [runningMean.name, runningVariance.name];
      tf.dispose(batchNormalization(x, { runningMean, runningVariance }, { training: true, momentum }));
      const batch = naiveStatistics(values, channels);
      const moved = (old: Values, now: Values) =>
        old.map((value, c) => (1 - momentum) * value + momentum * (now[c] as number));
      expect(await runningMean.data()).toBeAllClose(moved(mean, batch.mean), {
        relative: 1e-4,
        absolute: 1e-5,
      });
      expect(await runningVariance.data()).toBeAllClose(moved(variance, batch.unbiased), { relative: 1e-4 });
      expect([runningMean.name, runningVariance.name]).toEqual(names);
      tf.dispose([x, runningMean, runningVariance]);
    });
  });

  it.each([false, true])('lets no NaN of its statistics get lost (training: %s)', async (training) => {
    const x = tf.tensor4d([1, Number.NaN, 3, 4, 5, 6], [1, 3, 1, 2]);
    const parameters = {
      runningMean: tf.variable(tf.tensor1d([training ? 0 : Number.NaN, 0])),
      // Of a negative number there is no square root.
      runningVariance: tf.variable(tf.tensor1d([1, training ? 1 : -4])),
    };
    for (const residual of [undefined, tf.ones<tf.Rank.R4>([1, 3, 1, 2])]) {
      const y = batchNormalization(x, parameters, { training, relu: true, ...(residual && { residual }) });
      const missing = [...(await y.data())].map(Number.isNaN);
      expect(missing).toEqual([!training, true, !training, true, !training, true]);
      tf.dispose([y, residual ?? []]);
    }
    tf.dispose([x, parameters]);
  });

  it('moves them once per forward pass inside a tape', async () => {
    const { runningMean, runningVariance } = runningVariables(2);
    const x = tf.tensor2d([1, 2, 3, 6], [2, 2]);
    runningMean.assign(tf.zeros([2]));
    const gradient = tf.grad((x) =>
      batchNormalization(x, { runningMean, runningVariance }, { training: true }),
    )(x);
    await expect(runningMean).toBeAllClose([0.2, 0.4]);
    tf.dispose([x, gradient, runningMean, runningVariance]);
  });

  it('stays exact for values far from zero', async () => {
    const { runningMean, runningVariance } = runningVariables(1);
    const values = Float32Array.from({ length: 400 }, (_, i) => 1000 + (i % 4));
    const x = tf.tensor(values, [4, 10, 10, 1]);
    const y = batchNormalization(x, { runningMean, runningVariance }, { training: true });
    const { mean, variance } = naiveStatistics(Float64Array.from(values), 1);
    expect(await y.data()).toBeAllClose(
      naiveNormalization(Float64Array.from(values), { mean, variance }, { relu: false, epsilon }),
      { relative: 1e-3, absolute: 1e-3 },
    );
    tf.dispose([x, y, runningMean, runningVariance]);
  });
});

describe('batchNormalization checks its input', () => {
  const running = () => ({
    runningMean: tf.variable(tf.zeros([3])),
    runningVariance: tf.variable(tf.ones([3])),
  });
  const training = true;
  it.each([
    [() => batchNormalization(tf.ones([3]), running(), { training }), /rank 2, 3 or 4/],
    [() => batchNormalization(tf.ones([2, 2]), running(), { training }), /runningMean must have shape \[2\]/],
    [() => batchNormalization(tf.ones([1, 3]), running(), { training }), /more than one value per channel/],
    [() => batchNormalization(tf.ones([2, 3]), running(), { training, momentum: 2 }), /momentum/],
    [() => batchNormalization(tf.ones([2, 3]), running(), { training, epsilon: 0 }), /epsilon/],
    [
      () =>
        batchNormalization(tf.ones([2, 3]) as tf.Tensor, running(), { training, residual: tf.ones([3, 3]) }),
      /residual must have shape \[2, 3\]/,
    ],
  ])('%#', (run, message) => expect(run).toThrow(message));

  it('takes a single value per channel in evaluation', () => {
    expect(batchNormalization(tf.ones([1, 3]), running(), { training: false }).shape).toEqual([1, 3]);
  });
});
