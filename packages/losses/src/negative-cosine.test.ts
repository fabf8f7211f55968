import { stopGradient } from '@pixcon/ops';
import { checkGradients, describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { cosineRegression, negativeCosine } from './index.ts';

extendExpect();

const random = (rows: number, dim: number, seed: number) =>
  tf.randomNormal<tf.Rank.R2>([rows, dim], 0, 1, 'float32', seed);

/** With loops, in double precision; a zero row has a cosine of 0. */
async function naive(prediction: tf.Tensor2D, target: tf.Tensor2D): Promise<number> {
  const dot = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);
  const targets = await target.array();
  const cosines = (await prediction.array()).map((p, i) => {
    const t = targets[i] as number[];
    const lengths = Math.sqrt(dot(p, p) * dot(t, t));
    return lengths === 0 ? 0 : dot(p, t) / lengths;
  });
  return -cosines.reduce((a, b) => a + b, 0) / cosines.length;
}

describeBackends('negativeCosine', () => {
  it('is −1, 0 and 1 for same, orthogonal and opposite directions', async () => {
    const targets = [
      [7, 0],
      [0, 3],
      [-1, 0],
    ];
    const losses = tf.tidy(() =>
      targets.map((row) => negativeCosine(tf.tensor2d([[2, 0]]), tf.tensor2d([row]))),
    );
    await expect(tf.stack(losses)).toBeAllClose([-1, 0, 1]);
    tf.dispose(losses);
  });

  it.each([
    [1, 1],
    [1, 5],
    [7, 3],
    [64, 128],
  ])('agrees with loops for %i rows of %i', async (rows, dim) => {
    const [prediction, target] = [random(rows, dim, 1), random(rows, dim, 2)];
    const loss = negativeCosine(prediction, target);
    await expect(loss).toBeAllClose(await naive(prediction, target), { absolute: 1e-5 });
    tf.dispose([prediction, target, loss]);
  });

  it('takes zero rows, with a finite gradient', async () => {
    const [prediction, target] = [tf.tensor2d([[0, 0], [3, 4]]), tf.tensor2d([[1, 0], [3, 4]])]; // biome-ignore format: rows
    const loss = negativeCosine(prediction, target);
    await expect(loss).toBeAllClose(-0.5);
    const gradient = tf.grad((p) => negativeCosine(p as tf.Tensor2D, target))(prediction);
    expect(Array.from(await gradient.data()).every(Number.isFinite)).toBe(true);
    tf.dispose([prediction, target, loss, gradient]);
  });

  it('has the gradients that differences show, 0 where the directions are the same', async () => {
    const [prediction, target] = [random(3, 4, 3), random(3, 4, 4)];
    await expectNoLeaks(async () => {
      await checkGradients(negativeCosine, [prediction, target], { epsilon: 3e-3, absolute: 2e-3 });
    });
    const same = tf.grad((p) => negativeCosine(p as tf.Tensor2D, stopGradient(prediction)))(prediction);
    await expect(same).toBeAllClose(new Float32Array(12), { absolute: 1e-6 });
    tf.dispose([prediction, target, same]);
  });

  it('does not depend on the lengths of rows or their order', async () => {
    const [prediction, target] = [random(4, 8, 5), random(4, 8, 6)];
    const [loss, scaled, reversed] = tf.tidy(() => [
      negativeCosine(prediction, target),
      negativeCosine(tf.mul(prediction, 100), tf.mul(target, 0.01)),
      negativeCosine(tf.reverse(prediction, 0), tf.reverse(target, 0)),
    ]) as [tf.Scalar, tf.Scalar, tf.Scalar];
    await expect(scaled).toBeAllClose(loss);
    await expect(reversed).toBeAllClose(loss);
    tf.dispose([prediction, target, loss, scaled, reversed]);
  });

  it('is half of the regression loss, less 1', async () => {
    const [prediction, target] = [random(5, 8, 7), random(5, 8, 8)];
    const [loss, regression] = [negativeCosine(prediction, target), cosineRegression(prediction, target)];
    await expect(loss).toBeAllClose(tf.tidy(() => tf.sub(tf.div(regression, 2), 1)));
    expect(() => negativeCosine(prediction, random(2, 8, 1))).toThrow('target must have shape [5, 8]');
    tf.dispose([prediction, target, loss, regression]);
  });
});
