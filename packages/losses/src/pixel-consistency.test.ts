import { stopGradient } from '@pixcon/ops';
import { checkGradients, describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { pixelConsistency } from './index.ts';

extendExpect();

const random = (shape: [number, number, number], seed: number) =>
  tf.randomNormal<tf.Rank.R3>(shape, 0, 1, 'float32', seed);
const randomPairs = (shape: [number, number, number], seed: number) =>
  tf.tidy(() =>
    tf.cast(tf.less(tf.randomUniform(shape, 0, 1, 'float32', seed), 0.4), 'float32'),
  ) as tf.Tensor3D;

const cosine = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, k) => sum + value * (b[k] as number), 0) / (Math.hypot(...a) * Math.hypot(...b));

async function naive(prediction: tf.Tensor3D, target: tf.Tensor3D, pairs: tf.Tensor3D): Promise<number> {
  const [y, x, a] = [await prediction.array(), await target.array(), await pairs.array()];
  const images = y.map((cells, b) => {
    let [sum, count] = [0, 1e-6];
    for (const [i, cell] of cells.entries()) {
      for (const [j, other] of (x[b] as number[][]).entries()) {
        const weight = a[b]?.[i]?.[j] as number;
        sum += weight * cosine(cell, other);
        count += weight;
      }
    }
    return sum / count;
  });
  return (-2 * images.reduce((left, right) => left + right, 0)) / images.length;
}

describeBackends('pixelConsistency', () => {
  it.each([1, 3])('agrees with plain loops, batch %i', async (batch) => {
    const [prediction, target] = [random([batch, 4, 6], 1), random([batch, 5, 6], 2)];
    for (const pairs of [randomPairs([batch, 4, 5], 3), tf.ones<tf.Rank.R3>([batch, 4, 5])]) {
      await expect(pixelConsistency(prediction, target, pairs)).toBeAllClose(
        await naive(prediction, target, pairs),
        {
          absolute: 1e-5,
        },
      );
    }
  });

  it('is −2 for cells that agree with their pairs, 2 for opposite ones, 0 without pairs', async () => {
    const cells = random([2, 4, 6], 4);
    const identity = tf.tile(tf.reshape(tf.eye(4), [1, 4, 4]), [2, 1, 1]) as tf.Tensor3D;
    await expect(pixelConsistency(cells, tf.mul(cells, 9), identity)).toBeAllClose(-2, { absolute: 1e-4 });
    await expect(pixelConsistency(cells, tf.neg(cells), identity)).toBeAllClose(2, { absolute: 1e-4 });
    await expect(pixelConsistency(cells, cells, tf.zerosLike(identity))).toBeAllClose(0);
    const same = tf.ones<tf.Rank.R3>([2, 4, 6]);
    await expect(pixelConsistency(same, same, randomPairs([2, 4, 4], 5))).toBeAllClose(-2, {
      absolute: 1e-4,
    });
  });

  it('takes the mean over images, however many pairs each has', async () => {
    const [cells, other] = [random([1, 4, 6], 6), random([1, 4, 6], 7)];
    const [few, many] = [tf.reshape(tf.eye(4), [1, 4, 4]) as tf.Tensor3D, tf.ones<tf.Rank.R3>([1, 4, 4])];
    const both = pixelConsistency(
      tf.concat([cells, cells]),
      tf.concat([other, other]),
      tf.concat([few, many]),
    );
    const each = tf.add(pixelConsistency(cells, other, few), pixelConsistency(cells, other, many));
    await expect(both).toBeAllClose(tf.div(each, 2), { absolute: 1e-5 });
  });

  it('has the gradients that differences show, none for pairs and stopped targets', async () => {
    const [prediction, target, pairs] = [
      random([2, 2, 3], 8),
      random([2, 3, 3], 9),
      randomPairs([2, 2, 3], 10),
    ];
    await checkGradients((y, x) => pixelConsistency(y, x, pairs), [prediction, target], {
      epsilon: 3e-3,
      absolute: 2e-3,
    });
    const refused = 'Cannot compute gradient';
    expect(() => tf.grad((a) => pixelConsistency(prediction, target, a as tf.Tensor3D))(pairs)).toThrow(
      refused,
    );
    expect(() =>
      tf.grad((x) => pixelConsistency(prediction, stopGradient(x as tf.Tensor3D), pairs))(target),
    ).toThrow(refused);
    // No pairs, no gradient, no NaN.
    const none = tf.zerosLike(pairs);
    const gradient = tf.grad((y) => pixelConsistency(y as tf.Tensor3D, target, none))(prediction);
    await expect(gradient).toBeAllClose(tf.zerosLike(prediction));
  });

  it('leaks nothing, and says what is wrong', () => {
    const [cells, pairs] = [random([2, 3, 4], 11), tf.ones<tf.Rank.R3>([2, 3, 3])];
    expectNoLeaks(() => {
      pixelConsistency(cells, cells, pairs).dispose();
      tf.grad((y) => pixelConsistency(y as tf.Tensor3D, cells, pairs))(cells).dispose();
    });
    expect(() => pixelConsistency(cells, random([2, 3, 5], 1), pairs)).toThrow(
      'target must have shape [2, any, 4]',
    );
    expect(() => pixelConsistency(cells, cells, tf.ones([2, 3, 4]))).toThrow(
      'pairs must have shape [2, 3, 3]',
    );
    tf.dispose([cells, pairs]);
  });
});
