import { checkGradients, describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { l2Normalize } from './l2-normalize.ts';

extendExpect();

describeBackends('l2Normalize', () => {
  it('scales to length 1 along the last axis of any rank', async () => {
    const y = l2Normalize(tf.tensor3d([[[3, 4], [-5, 12]], [[0, -2], [1e-3, 0]]])); // biome-ignore format: rows
    await expect(y).toBeAllClose([[[0.6, 0.8], [-5 / 13, 12 / 13]], [[0, -1], [1, 0]]]); // biome-ignore format: rows
    const again = l2Normalize(y);
    await expect(again).toBeAllClose(y);
    const vector = l2Normalize(tf.tensor1d([3, 4]));
    await expect(vector).toBeAllClose([0.6, 0.8]);
  });

  it('divides vectors shorter than epsilon by it, as PyTorch does', async () => {
    const y = l2Normalize(tf.tensor2d([[0, 0], [0.03, 0.04], [3, 4]]), 0.5); // biome-ignore format: rows
    await expect(y).toBeAllClose([[0, 0], [0.06, 0.08], [0.6, 0.8]]); // biome-ignore format: rows
  });

  it('has the gradient that differences show, on both sides of epsilon', async () => {
    const x = tf.tensor2d([[1, -2, 0.5], [0.1, 0.2, -0.1], [2, 2, 2]]); // biome-ignore format: rows
    await checkGradients((input) => l2Normalize(input), [x], { epsilon: 3e-3 });
    await checkGradients((input) => l2Normalize(input, 0.5), [x], { epsilon: 3e-3 });
    x.dispose();
  });

  it('has a finite gradient at zero: dy / epsilon', async () => {
    const x = tf.zeros<tf.Rank.R2>([1, 2]);
    const gradient = tf.tidy(() => tf.grad((input) => l2Normalize(input))(x, tf.tensor2d([[1, -2]])));
    await expect(gradient).toBeAllClose([[1e12, -2e12]]);
    tf.dispose([x, gradient]);
  });

  it('leaks nothing and refuses a bad epsilon', () => {
    const x = tf.ones<tf.Rank.R2>([2, 3]);
    expectNoLeaks(() => {
      l2Normalize(x).dispose();
      tf.grad((input) => l2Normalize(input))(x).dispose();
    });
    expect(() => l2Normalize(x, 0)).toThrow('epsilon must be a number above 0');
    x.dispose();
  });
});
