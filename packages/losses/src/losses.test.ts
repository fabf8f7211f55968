import type { KeyQueue } from '@pixcon/core';
import { l2Normalize, stopGradient } from '@pixcon/ops';
import { checkGradients, describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { chanceLevel, cosineRegression, featureDeviation, infoNce } from './index.ts';

extendExpect();

const random = (rows: number, dim: number, seed: number) =>
  tf.randomNormal<tf.Rank.R2>([rows, dim], 0, 1, 'float32', seed);

const unit = (rows: number, dim: number, seed: number) => tf.tidy(() => l2Normalize(random(rows, dim, seed)));

/** InfoNCE of each row by loops in double precision; normalises queries and positives. */
async function oracle(
  query: tf.Tensor2D,
  positive: tf.Tensor2D,
  queue: tf.Tensor2D,
  temperature: number,
): Promise<number[]> {
  const rows = async (tensor: tf.Tensor2D) => (await tensor.array()).map((row) => Float64Array.from(row));
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);
  const normalized = (row: Float64Array) => row.map((x) => x / Math.sqrt(dot(row, row)));
  const keys = await rows(queue);
  const positives = (await rows(positive)).map(normalized);
  return (await rows(query)).map(normalized).map((q, i) => {
    const logits = [positives[i] as Float64Array, ...keys].map((key) => dot(q, key) / temperature);
    const maximum = Math.max(...logits);
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit - maximum), 0);
    return maximum + Math.log(total) - (logits[0] as number);
  });
}

describeBackends('infoNce', () => {
  it('is right by hand', async () => {
    // Logits 1/0.5 = 2 for the positive, 0 and −2 for the negatives.
    const query = tf.tensor2d([[3, 0]]);
    const positive = tf.tensor2d([[2, 0]]);
    const queue = tf.tensor2d([[0, 1], [-1, 0]]); // biome-ignore format: rows
    const loss = infoNce(query, positive, queue, { temperature: 0.5 });
    await expect(loss).toBeAllClose(Math.log(1 + Math.exp(-2) + Math.exp(-4)));
    tf.dispose([query, positive, queue, loss]);
  });

  const grid = [1, 5].flatMap((n) =>
    [1, 9, 1500].flatMap((length) => [0.07, 0.2, 1].map((temperature) => ({ n, length, temperature }))),
  );
  it.each(grid)('agrees with plain loops for %o', async ({ n, length, temperature }) => {
    const [query, positive, queue] = [random(n, 16, 1), random(n, 16, 2), unit(length, 16, 3)];
    const weights = Array.from({ length: n }, (_, i) => (i * 0.37) % 1);
    const each = await oracle(query, positive, queue, temperature);
    const weight = tf.tensor1d(weights);
    const total = weights.reduce((a, b) => a + b, 0);
    const expected =
      total === 0 ? 0 : each.reduce((sum, loss, i) => sum + loss * (weights[i] as number), 0) / total;
    const [none, mean, weighted] = [
      infoNce(query, positive, queue, { temperature, reduction: 'none' }),
      infoNce(query, positive, queue, { temperature }),
      infoNce(query, positive, queue, { temperature, weight }),
    ];
    await expect(none).toBeAllClose(each, { absolute: 1e-5 });
    await expect(mean).toBeAllClose(each.reduce((a, b) => a + b, 0) / n, { absolute: 1e-5 });
    await expect(weighted).toBeAllClose(expected, { absolute: 1e-5 });
    tf.dispose([query, positive, queue, weight, none, mean, weighted]);
  });

  it('has the gradients that differences show', async () => {
    const [query, positive, queue] = [random(3, 4, 4), random(3, 4, 5), unit(6, 4, 6)];
    const weight = tf.tensor1d([1, 0, 0.3]);
    const tolerance = { epsilon: 3e-3, absolute: 3e-3 };
    await checkGradients((q, p) => infoNce(q, p, queue, { weight }), [query, positive], tolerance);
    await checkGradients((q, p) => infoNce(q, p, queue, { reduction: 'none' }), [query, positive], tolerance);
    await checkGradients((q, p) => infoNce(q, p, queue, { normalize: false }), [query, positive], tolerance);
    tf.dispose([query, positive, queue, weight]);
  });

  it('does not depend on the scale of query and positive, the order of the queue, or the scale of the weights', async () => {
    const [query, positive, queue] = [random(4, 8, 7), random(4, 8, 8), unit(20, 8, 9)];
    const weights = [0.2, 1, 0, 0.7];
    const losses = tf.tidy(() => [
      infoNce(query, positive, queue, { weight: tf.tensor1d(weights) }),
      infoNce(tf.mul(query, 100), tf.mul(positive, 0.01), queue, { weight: tf.tensor1d(weights) }),
      infoNce(query, positive, tf.reverse(queue, 0), { weight: tf.tensor1d(weights) }),
      infoNce(query, positive, queue, { weight: tf.tensor1d(weights.map((w) => 10 * w)) }),
      infoNce(l2Normalize(query), l2Normalize(positive), queue, {
        weight: tf.tensor1d(weights),
        normalize: false,
      }),
      infoNce(tf.reverse(query, 0), tf.reverse(positive, 0), queue, {
        weight: tf.tensor1d([...weights].reverse()),
      }),
    ]);
    for (const loss of losses) await expect(loss).toBeAllClose(losses[0] as tf.Tensor);
    tf.dispose([query, positive, queue, ...losses]);
  });

  it('is symmetric in query and positive where the queue is: against ± pairs of keys', async () => {
    const [a, b] = [random(1, 2, 10), random(1, 2, 11)];
    // Both lie at the same angle to their bisector.
    const bisector = tf.tidy(() => l2Normalize(tf.add<tf.Tensor2D>(l2Normalize(a), l2Normalize(b))));
    const queue = tf.tidy(() => tf.concat([bisector, tf.neg(bisector)], 0));
    const [forward, back] = [infoNce(a, b, queue), infoNce(b, a, queue)];
    await expect(forward).toBeAllClose(back);
    tf.dispose([a, b, bisector, queue, forward, back]);
  });

  it('gives queue, weights and stopped branches no gradient', async () => {
    const [query, positive, queue] = [random(3, 4, 12), random(3, 4, 13), unit(6, 4, 14)];
    const weight = tf.tensor1d([1, 2, 3]);
    const refused = 'Cannot compute gradient';
    expect(() => tf.grad((x) => infoNce(query, positive, x as tf.Tensor2D))(queue)).toThrow(refused);
    expect(() =>
      tf.grad((x) => infoNce(query, positive, queue, { weight: x as tf.Tensor1D }))(weight),
    ).toThrow(refused);
    expect(() => tf.grad((x) => infoNce(query, stopGradient(x as tf.Tensor2D), queue))(positive)).toThrow(
      refused,
    );
    const [alone, both] = tf.tidy(() => [
      tf.grad((x) => infoNce(x as tf.Tensor2D, positive, queue))(query),
      tf.grads((x, p) => infoNce(x as tf.Tensor2D, p as tf.Tensor2D, queue))([query, positive])[0],
    ]) as [tf.Tensor, tf.Tensor];
    await expect(alone).toBeAllClose(both);
    tf.dispose([query, positive, queue, weight, alone, both]);
  });

  it('is the chance level where the queue is the positive over and over', async () => {
    const query = random(1, 8, 15);
    const positive = unit(1, 8, 16);
    const queue = tf.tidy(() => tf.tile(positive, [31, 1]));
    const loss = infoNce(query, positive, queue);
    await expect(loss).toBeAllClose(chanceLevel(31));
    tf.dispose([query, positive, queue, loss]);
  });

  it('is the chance level for identical features, and has a finite gradient there', async () => {
    const ones = tf.ones<tf.Rank.R2>([4, 8]);
    const queue = tf.tidy(() => l2Normalize(tf.ones<tf.Rank.R2>([12, 8])));
    const [loss, gradient] = tf.tidy(() => [
      infoNce(ones, ones, queue),
      tf.grad((x) => infoNce(x as tf.Tensor2D, ones, queue))(ones),
    ]) as [tf.Tensor, tf.Tensor];
    await expect(loss).toBeAllClose(chanceLevel(12));
    await expect(gradient).toBeAllClose(new Float32Array(32));
    tf.dispose([ones, queue, loss, gradient]);
  });

  it('is 0 with a gradient of 0 where no cell has weight', async () => {
    const [query, positive, queue] = [random(3, 4, 17), random(3, 4, 18), unit(6, 4, 19)];
    const weight = tf.zeros<tf.Rank.R1>([3]);
    const [loss, gradient] = tf.tidy(() => [
      infoNce(query, positive, queue, { weight }),
      tf.grad((x) => infoNce(x as tf.Tensor2D, positive, queue, { weight }))(query),
    ]) as [tf.Tensor, tf.Tensor];
    await expect(loss).toBeAllClose(0);
    await expect(gradient).toBeAllClose(new Float32Array(12));
    tf.dispose([query, positive, queue, weight, loss, gradient]);
  });

  it('takes a key queue, and leaks nothing', async () => {
    const [query, positive, keys] = [random(3, 4, 20), random(3, 4, 21), unit(6, 4, 22)];
    const queue = { keys, length: 6, dim: 4 } as unknown as KeyQueue;
    const expected = infoNce(query, positive, keys);
    await expectNoLeaks(async () => {
      const loss = infoNce(query, positive, queue);
      await expect(loss).toBeAllClose(expected);
      loss.dispose();
      tf.grads((q, p) => infoNce(q as tf.Tensor2D, p as tf.Tensor2D, queue))([query, positive]).map((g) =>
        g.dispose(),
      );
    });
    tf.dispose([query, positive, keys, expected]);
  });

  it('says what is wrong', () => {
    const [query, positive, queue] = [random(3, 4, 23), random(2, 4, 24), unit(6, 4, 25)];
    expect(() => infoNce(query, positive, queue)).toThrow(
      'infoNce: positive must have shape [3, 4], got [2, 4]',
    );
    expect(() => infoNce(query, query, random(6, 3, 1))).toThrow('queue must have shape [any, 4]');
    expect(() => infoNce(query, query, tf.zeros([0, 4]))).toThrow('queue length');
    expect(() => infoNce(query, query, queue, { temperature: -1 })).toThrow(
      'temperature must be a number above 0',
    );
    expect(() => infoNce(query, query, queue, { weight: tf.ones([2]) })).toThrow(
      'weight must have shape [3]',
    );
    expect(() => infoNce(query, query, queue, { reduction: 'sum' as 'mean' })).toThrow('mean, none');
    expect(() => infoNce(query, query, queue, { reduction: 'none', weight: tf.ones([3]) })).toThrow(
      'no effect',
    );
    tf.dispose([query, positive, queue]);
  });
});

describe('chanceLevel', () => {
  it('is ln(1 + K)', () => {
    expect(chanceLevel(1)).toBeCloseTo(Math.LN2, 12);
    expect(chanceLevel(65_536)).toBeCloseTo(11.090_370_147_7, 9);
    expect(() => chanceLevel(0)).toThrow('queueLength must be a whole number of at least 1');
  });
});

describeBackends('featureDeviation', () => {
  it('is right by hand', async () => {
    // Unit rows (1, 0) and (0, 1): each dimension has variance 1/2 with n − 1 = 1.
    const features = tf.tensor2d([[5, 0], [0, 0.1]]); // biome-ignore format: rows
    const deviation = featureDeviation(features);
    await expect(deviation).toBeAllClose(1);
    tf.dispose([features, deviation]);
  });

  it('is near 1 for spread features and 0 for collapsed ones, whatever their lengths', async () => {
    const spread = random(512, 32, 26);
    const collapsed = tf.tidy(() =>
      tf.mul(tf.randomUniform([64, 1], 0.1, 9), random(1, 32, 27)),
    ) as tf.Tensor2D;
    const [high, low, single] = tf.tidy(() => [
      featureDeviation(spread),
      featureDeviation(collapsed),
      featureDeviation(random(1, 8, 28)),
    ]) as [tf.Tensor, tf.Tensor, tf.Tensor];
    await expect(high).toBeAllClose(1, { absolute: 0.02 });
    await expect(low).toBeAllClose(0, { absolute: 1e-5 });
    await expect(single).toBeAllClose(0);
    tf.dispose([spread, collapsed, high, low, single]);
  });

  it('is a constant, and leaks nothing', () => {
    const features = random(4, 8, 29);
    expectNoLeaks(() => featureDeviation(features).dispose());
    expect(() => tf.grad((x) => featureDeviation(x as tf.Tensor2D))(features)).toThrow(
      'Cannot compute gradient',
    );
    features.dispose();
  });
});

describeBackends('cosineRegression', () => {
  it('is 0, 2 and 4 for same, orthogonal and opposite directions', async () => {
    const prediction = tf.tensor2d([[2, 0]]);
    const losses = tf.tidy(() =>
      [[7, 0], [0, 3], [-1, 0]].map((row) => cosineRegression(prediction, tf.tensor2d([row]))),
    ); // biome-ignore format: rows
    await expect(tf.stack(losses)).toBeAllClose([0, 2, 4]);
    tf.dispose([prediction, ...losses]);
  });

  it('is the mean squared distance of the normalised rows, with its gradient', async () => {
    const [prediction, target] = [random(3, 4, 30), random(3, 4, 31)];
    const [loss, expected] = tf.tidy(() => [
      cosineRegression(prediction, target),
      tf.mul(tf.mean(tf.squaredDifference(l2Normalize(prediction), l2Normalize(target))), 4),
    ]) as [tf.Tensor, tf.Tensor];
    await expect(loss).toBeAllClose(expected);
    await expectNoLeaks(
      async () =>
        await checkGradients(cosineRegression, [prediction, target], { epsilon: 3e-3, absolute: 2e-3 }),
    );
    expect(() => cosineRegression(prediction, random(2, 4, 1))).toThrow('target must have shape [3, 4]');
    tf.dispose([prediction, target, loss, expected]);
  });
});
