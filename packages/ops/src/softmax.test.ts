import { checkGradients, describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { softCrossEntropy } from './soft-cross-entropy.ts';
import { softmax } from './softmax.ts';

extendExpect();

const random = (shape: [number, number], seed: number) =>
  tf.randomNormal<tf.Rank.R2>(shape, 0, 1, 'float32', seed);

function naiveSoftmax(row: readonly number[], temperature: number): number[] {
  const exponentials = row.map((value) => Math.exp((value - Math.max(...row)) / temperature));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((value) => value / sum);
}

describeBackends('softmax', () => {
  it.each([1, 0.07, 5])('is that of loops at the temperature %d', async (temperature) => {
    const x = random([3, 6], 1);
    const expected = (await x.array()).map((row) => naiveSoftmax(row, temperature));
    const y = softmax(x, { temperature });
    const cells = softmax(tf.reshape(x, [1, 3, 6]), { temperature });
    await expect(y).toBeAllClose(expected, { absolute: 1e-5 });
    await expect(cells).toBeAllClose([expected], { absolute: 1e-5 });
    expect(cells.shape).toEqual([1, 3, 6]);
  });

  it('holds with large values, and is uniform for equal ones', async () => {
    await expect(softmax(tf.tensor1d([1e4, 1e4, -1e4]))).toBeAllClose([0.5, 0.5, 0]);
    await expect(softmax(tf.fill([1, 5], -3))).toBeAllClose([[0.2, 0.2, 0.2, 0.2, 0.2]]);
  });

  it('has the gradient that differences show, and leaks nothing', async () => {
    const x = random([2, 4], 2);
    await checkGradients((x) => softmax(x, { temperature: 0.5 }), [x], { epsilon: 3e-3 });
    expectNoLeaks(() => softmax(x).dispose());
    expect(() => softmax(x, { temperature: 0 })).toThrow('temperature must be a number above 0');
    x.dispose();
  });
});

describeBackends('softCrossEntropy', () => {
  it.each([1, 0.1])('is that of loops at the temperature %d', async (temperature) => {
    const logits = random([4, 5], 3);
    // Rows need not add up to 1.
    const targets = tf.abs(random([4, 5], 4)) as tf.Tensor2D;
    const weights = await targets.array();
    const expected = (await logits.array()).map((row, i) => {
      const probabilities = naiveSoftmax(row, temperature);
      return -probabilities.reduce((sum, p, j) => sum + (weights[i]?.[j] as number) * Math.log(p), 0);
    });
    await expect(softCrossEntropy(logits, targets, { temperature })).toBeAllClose(expected, {
      relative: 1e-5,
    });
  });

  it('is the entropy where logits and targets agree, and ln n for uniform logits', async () => {
    const logits = random([3, 7], 5);
    const targets = softmax(logits);
    const entropy = (await targets.array()).map((row) => -row.reduce((sum, p) => sum + p * Math.log(p), 0));
    await expect(softCrossEntropy(logits, targets)).toBeAllClose(entropy, { relative: 1e-5 });
    await expect(softCrossEntropy(tf.fill([3, 7], 2), targets)).toBeAllClose(
      new Float32Array(3).fill(Math.log(7)),
    );
    await expect(softCrossEntropy(tf.tensor2d([[1e4, -1e4]]), tf.tensor2d([[1, 0]]))).toBeAllClose([0]);
  });

  it('has the gradient that differences show for the logits, none for the targets, and leaks nothing', async () => {
    const [logits, targets] = [random([3, 4], 6), tf.randomUniform<tf.Rank.R2>([3, 4], 0, 1, 'float32', 7)];
    await checkGradients((x) => softCrossEntropy(x, targets, { temperature: 0.5 }), [logits], {
      epsilon: 3e-3,
    });
    expect(() => tf.grad((t) => softCrossEntropy(logits, t as tf.Tensor2D))(targets)).toThrow(
      'Cannot compute gradient',
    );
    expectNoLeaks(() => softCrossEntropy(logits, targets).dispose());
    expect(() => softCrossEntropy(logits, random([3, 5], 1))).toThrow('targets must have shape [3, 4]');
    expect(() => softCrossEntropy(logits, targets, { temperature: -1 })).toThrow('temperature');
    tf.dispose([logits, targets]);
  });
});
