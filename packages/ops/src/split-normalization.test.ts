import { describeBackends, expectNoLeaks } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { expectLikeNaive, randomValues } from '../test/expect-like-naive.ts';
import { naiveNormalization, naiveStatistics, type Values } from '../test/naive.ts';
import { batchNormalization } from './batch-normalization.ts';

const epsilon = 1e-5;

function running(channels: number) {
  return tf.tidy(() => ({
    runningMean: tf.variable(tf.fill([channels], 0.5), false),
    runningVariance: tf.variable(tf.fill([channels], 2), false),
  }));
}

/** Each run of images by itself, one after another. */
function naiveSplits(
  x: Values,
  channels: number,
  splits: number,
  { residual, ...options }: Parameters<typeof naiveNormalization>[2],
): Values {
  const length = x.length / splits;
  const cut = (values: Values, i: number) => values.subarray(i * length, (i + 1) * length);
  const parts = Array.from({ length: splits }, (_, i) => {
    const part = Float64Array.from(cut(x, i));
    return naiveNormalization(part, naiveStatistics(part, channels), {
      ...options,
      residual: residual && Float64Array.from(cut(residual, i)),
    });
  });
  return Float64Array.from(parts.flatMap((part) => [...part]));
}

describeBackends('batchNormalization in splits', () => {
  it.each([
    { shape: [4, 3, 2, 3], splits: 2, relu: false, withResidual: false },
    { shape: [4, 2, 2, 2], splits: 4, relu: true, withResidual: true },
    { shape: [6, 4, 2], splits: 3, relu: true, withResidual: false },
    { shape: [6, 2], splits: 2, relu: false, withResidual: true },
  ])('normalizes each run of images by itself: %o', async ({ shape, splits, relu, withResidual }) => {
    const channels = shape[shape.length - 1] as number;
    const { runningMean, runningVariance } = running(channels);
    await expectLikeNaive(
      (x, scale, offset, residual) =>
        batchNormalization(
          x as tf.Tensor,
          { scale: scale as tf.Tensor1D, offset: offset as tf.Tensor1D, runningMean, runningVariance },
          { training: true, splits, relu, residual },
        ),
      (x, scale, offset, residual) =>
        naiveSplits(x as Values, channels, splits, { scale, offset, residual, relu, epsilon }),
      [shape, [channels], [channels], ...(withResidual ? [shape] : [])],
      { relative: 1e-3, absolute: 1e-3 },
    );
    tf.dispose([runningMean, runningVariance]);
  });

  it('moves the running statistics once, towards the mean of the splits', async () => {
    await expectNoLeaks(async () => {
      const values = randomValues([6, 2, 3], 5);
      const x = tf.tensor(Float32Array.from(values), [6, 2, 3]);
      const { runningMean, runningVariance } = running(3);
      const parameters = { runningMean, runningVariance };
      batchNormalization(x, parameters, { training: true, splits: 3, momentum: 0.25 }).dispose();
      const statistics = [0, 1, 2].map((i) => naiveStatistics(values.slice(i * 12, (i + 1) * 12), 3));
      const moved = (old: number, of: (one: (typeof statistics)[number]) => Values) =>
        [0, 1, 2].map((c) => {
          const mean = statistics.reduce((sum, one) => sum + (of(one)[c] as number) / 3, 0);
          return 0.75 * old + 0.25 * mean;
        });
      await expect(runningMean).toBeAllClose(moved(0.5, ({ mean }) => mean));
      await expect(runningVariance).toBeAllClose(moved(2, ({ unbiased }) => unbiased));
      tf.dispose([x, runningMean, runningVariance]);
    });
  });

  it('changes nothing in evaluation, where a batch need not divide', async () => {
    const x = tf.tensor(Float32Array.from(randomValues([5, 3], 6)), [5, 3]);
    const parameters = running(3);
    const [split, whole] = [3, 1].map((splits) =>
      batchNormalization(x, parameters, { training: false, splits }),
    );
    await expect(split).toBeAllClose(whole as tf.Tensor, { relative: 0, absolute: 0 });
    tf.dispose([
      x,
      parameters.runningMean,
      parameters.runningVariance,
      split as tf.Tensor,
      whole as tf.Tensor,
    ]);
  });

  it('refuses a batch that it does not divide, and splits of one value', () => {
    const parameters = running(3);
    const normalize = (rows: number, splits: number) => () =>
      tf.tidy(() => batchNormalization(tf.ones([rows, 3]), parameters, { training: true, splits }));
    expect(normalize(5, 2)).toThrow(/splits must divide the first axis of x, \[5, 3\], got 2/);
    expect(normalize(4, 4)).toThrow(/more than one value per channel in each of 4 splits/);
    expect(normalize(4, 0)).toThrow(/splits must be a whole number of at least 1, got 0/);
    tf.dispose([parameters.runningMean, parameters.runningVariance]);
  });
});
