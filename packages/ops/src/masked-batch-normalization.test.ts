import { checkGradients, describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { batchNormalization } from './batch-normalization.ts';
import { maskedBatchNormalization } from './masked-batch-normalization.ts';
import { withFixedRunningStatistics } from './running-statistics.ts';

extendExpect();

const random = (shape: [number, number], seed: number) =>
  tf.randomNormal<tf.Rank.R2>(shape, 0.5, 2, 'float32', seed);

function layer(channels: number) {
  return {
    scale: tf.variable(tf.linspace(0.5, 1.5, channels)),
    offset: tf.variable(tf.linspace(-1, 1, channels)),
    runningMean: tf.variable(tf.fill([channels], 0.3), false),
    runningVariance: tf.variable(tf.fill([channels], 2), false),
  };
}

describeBackends('maskedBatchNormalization', () => {
  it('is batch normalization of the rows that count', async () => {
    const x = random([6, 3], 1);
    const chosen = [0, 2, 5];
    const mask = tf.tensor1d([1, 0, 1, 0, 0, 1]);
    const [masked, plain] = [layer(3), layer(3)];
    const y = maskedBatchNormalization(x, mask, masked);
    const expected = batchNormalization(tf.gather(x, chosen), plain, { training: true });
    await expect(tf.gather(y, chosen)).toBeAllClose(expected, { absolute: 1e-5 });
    await expect(masked.runningMean).toBeAllClose(plain.runningMean);
    await expect(masked.runningVariance).toBeAllClose(plain.runningVariance);
  });

  it('is plain batch normalization where all rows count', async () => {
    const x = random([5, 4], 2);
    const [masked, plain] = [layer(4), layer(4)];
    const expected = batchNormalization(x, plain, { training: true });
    await expect(maskedBatchNormalization(x, tf.ones([5]), masked)).toBeAllClose(expected, {
      absolute: 1e-5,
    });
    await expect(masked.runningVariance).toBeAllClose(plain.runningVariance);
  });

  it('does not see the rows left out', async () => {
    const x = random([4, 3], 3);
    const mask = tf.tensor1d([1, 1, 0, 1]);
    const other = tf.add<tf.Tensor2D>(x, tf.mul(tf.reshape(tf.sub(1, mask), [4, 1]), 50));
    const rows = [0, 1, 3];
    await expect(tf.gather(maskedBatchNormalization(other, mask, layer(3)), rows)).toBeAllClose(
      tf.gather(maskedBatchNormalization(x, mask, layer(3)), rows),
    );
  });

  it('has the gradients that differences show, also through rows left out', async () => {
    const parameters = layer(2);
    const mask = tf.tensor1d([1, 0, 1, 1, 0]);
    await checkGradients(
      (x, scale, offset) =>
        maskedBatchNormalization(x, mask, {
          ...parameters,
          scale: scale as tf.Tensor1D,
          offset: offset as tf.Tensor1D,
        }),
      [random([5, 2], 4), tf.clone(parameters.scale), tf.clone(parameters.offset)] as [
        tf.Tensor2D,
        tf.Tensor,
        tf.Tensor,
      ],
      { epsilon: 1e-2, relative: 2e-2, absolute: 3e-3 },
    );
    const { scale: _, offset: __, ...bare } = parameters;
    await checkGradients((x) => maskedBatchNormalization(x, mask, bare), [random([5, 2], 5)], {
      absolute: 3e-3,
    });
  });

  it('stays finite with one row or none, and then leaves the running statistics alone', async () => {
    const x = random([3, 2], 6);
    const none = layer(2);
    for (const value of await maskedBatchNormalization(x, tf.zeros([3]), none).data())
      expect(Number.isFinite(value)).toBe(true);
    await expect(none.runningMean).toBeAllClose([0.3, 0.3]);
    await expect(none.runningVariance).toBeAllClose([2, 2]);
    const one = maskedBatchNormalization(x, tf.tensor1d([0, 1, 0]), layer(2));
    await expect(tf.slice(one, [1, 0], [1, 2])).toBeAllClose([[-1, 1]], { absolute: 1e-5 });
  });

  it('moves no running statistics in a recomputation, and leaks nothing', async () => {
    const x = random([4, 2], 7);
    const mask = tf.tensor1d([1, 1, 1, 0]);
    const parameters = layer(2);
    await expectNoLeaks(async () => {
      const y = withFixedRunningStatistics(() => maskedBatchNormalization(x, mask, parameters));
      await expect(parameters.runningMean).toBeAllClose([0.3, 0.3]);
      y.dispose();
      maskedBatchNormalization(x, mask, parameters).dispose();
      tf.grad((x) => maskedBatchNormalization(x as tf.Tensor2D, mask, parameters))(x).dispose();
    });
    tf.dispose([x, mask, Object.values(parameters)]);
  });

  it('says what is wrong', () => {
    const x = random([4, 2], 8);
    expect(() => maskedBatchNormalization(x, tf.ones([3]), layer(2))).toThrow('mask must have shape [4]');
    expect(() => maskedBatchNormalization(x, tf.ones([4]), layer(3))).toThrow('scale must have shape [2]');
    expect(() => maskedBatchNormalization(x, tf.ones([4]), layer(2), { epsilon: 0 })).toThrow('epsilon');
  });
});
