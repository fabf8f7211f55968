import { checkGradients, describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { l2Normalize } from './l2-normalize.ts';
import { streamingInfoNce } from './streaming-info-nce.ts';

extendExpect();

interface Oracle {
  readonly losses: Float64Array;
  /** Gradients of Σᵢ (i + 1) ℓᵢ. */
  readonly query: Float64Array;
  readonly positive: Float64Array;
}

/** Plain loops in double precision over materialised logits. */
async function oracle(
  query: tf.Tensor2D,
  positive: tf.Tensor2D,
  negatives: tf.Tensor2D,
  temperature: number,
): Promise<Oracle> {
  const [n, d] = query.shape;
  const length = negatives.shape[0];
  const [q, p, k] = [await query.data(), await positive.data(), await negatives.data()];
  const at = (values: ArrayLike<number>, row: number, i: number) => values[row * d + i] as number;
  const losses = new Float64Array(n);
  const query_ = new Float64Array(n * d);
  const positive_ = new Float64Array(n * d);
  for (let row = 0; row < n; row++) {
    const keyAt = (j: number, i: number) => (j === 0 ? at(p, row, i) : at(k, j - 1, i));
    const logits = Array.from({ length: length + 1 }, (_, j) => {
      let dot = 0;
      for (let i = 0; i < d; i++) dot += at(q, row, i) * keyAt(j, i);
      return dot / temperature;
    });
    const maximum = Math.max(...logits);
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit - maximum), 0);
    losses[row] = maximum + Math.log(total) - (logits[0] as number);
    logits.forEach((logit, j) => {
      const slope = ((row + 1) * (Math.exp(logit - maximum) / total - (j === 0 ? 1 : 0))) / temperature;
      for (let i = 0; i < d; i++) {
        query_[row * d + i] = (query_[row * d + i] as number) + slope * keyAt(j, i);
        if (j === 0) positive_[row * d + i] = slope * at(q, row, i);
      }
    });
  }
  return { losses, query: query_, positive: positive_ };
}

const random = (rows: number, dim: number, seed: number) =>
  tf.tidy(() => l2Normalize(tf.randomNormal<tf.Rank.R2>([rows, dim], 0, 1, 'float32', seed)));

const ramp = (n: number) => tf.tensor1d(Array.from({ length: n }, (_, i) => i + 1));

function gradients(
  query: tf.Tensor2D,
  positive: tf.Tensor2D,
  run: (q: tf.Tensor2D, p: tf.Tensor2D) => tf.Tensor,
) {
  return tf.tidy(() =>
    tf.grads((q, p) => run(q as tf.Tensor2D, p as tf.Tensor2D))([query, positive], ramp(query.shape[0])),
  );
}

describeBackends('streamingInfoNce', (backend) => {
  const grid = [
    { n: 1, d: 2, length: 1, tileSize: 1, temperature: 1 },
    { n: 3, d: 4, length: 10, tileSize: 1, temperature: 0.2 },
    { n: 5, d: 8, length: 10, tileSize: 4, temperature: 0.2 },
    { n: 5, d: 8, length: 12, tileSize: 4, temperature: 0.07 },
    { n: 4, d: 3, length: 5, tileSize: 64, temperature: 0.5 },
    { n: 7, d: 16, length: 9000, tileSize: undefined, temperature: 0.1 },
  ];
  it.each(grid)('agrees with plain loops for %o', async ({ n, d, length, tileSize, temperature }) => {
    const [q, p, k] = [random(n, d, 1), random(n, d, 2), random(length, d, 3)];
    const options = tileSize === undefined ? { temperature } : { temperature, tileSize };
    const expected = await oracle(q, p, k, temperature);
    const losses = streamingInfoNce(q, p, k, options);
    const [dq, dp] = gradients(q, p, (a, b) => streamingInfoNce(a, b, k, options)) as [tf.Tensor, tf.Tensor];
    await expect(losses).toBeAllClose(expected.losses, { absolute: 1e-5 });
    await expect(dq).toBeAllClose(expected.query, { relative: 1e-4, absolute: 1e-4 });
    await expect(dp).toBeAllClose(expected.positive, { relative: 1e-4, absolute: 1e-4 });
    tf.dispose([q, p, k, losses, dq, dp]);
  });

  it('has the gradients that differences show', async () => {
    const [q, p, k] = [random(3, 4, 4), random(3, 4, 5), random(7, 4, 6)];
    await checkGradients((a, b) => streamingInfoNce(a, b, k, { temperature: 0.5, tileSize: 3 }), [q, p]);
    tf.dispose([q, p, k]);
  });

  it('does not depend on the tile, nor on the order of the negatives', async () => {
    const [q, p, k] = [random(4, 8, 7), random(4, 8, 8), random(23, 8, 9)];
    const reference = streamingInfoNce(q, p, k, { temperature: 0.1, tileSize: 23 });
    for (const tileSize of [1, 5, 22, 24]) {
      const losses = streamingInfoNce(
        q,
        p,
        tf.tidy(() => tf.reverse(k, 0)),
        { temperature: 0.1, tileSize },
      );
      await expect(losses).toBeAllClose(reference, { absolute: 1e-5 });
      losses.dispose();
    }
    tf.dispose([q, p, k, reference]);
  });

  it('stays finite and exact for large logits', async () => {
    // Logits of up to ±50,000, far beyond what exp can take; the largest negative comes in a late tile.
    const q = tf.tensor2d([[100, 0], [100, 0], [-100, 0]]); // biome-ignore format: rows
    const p = tf.tensor2d([[50, 1], [-50, 1], [0, 1]]); // biome-ignore format: rows
    const k = tf.tensor2d([[1, 0], [-40, 0], [10, 3], [49.999, 0], [2, 2]]); // biome-ignore format: rows
    const expected = await oracle(q, p, k, 0.1);
    const losses = streamingInfoNce(q, p, k, { temperature: 0.1, tileSize: 2 });
    await expect(losses).toBeAllClose(expected.losses, { relative: 1e-4, absolute: 1e-3 });
    const [dq, dp] = gradients(q, p, (a, b) =>
      streamingInfoNce(a, b, k, { temperature: 0.1, tileSize: 2 }),
    ) as [tf.Tensor, tf.Tensor];
    await expect(dq).toBeAllClose(expected.query, { relative: 1e-2, absolute: 1e-2 });
    await expect(dp).toBeAllClose(expected.positive, { relative: 1e-2, absolute: 1e-2 });
    tf.dispose([q, p, k, losses, dq, dp]);
  });

  it('keeps the digits of a small loss between large logits', async () => {
    const q = tf.tensor2d([[1, 0]]);
    const p = tf.tensor2d([[1000, 0]]);
    const k = tf.tensor2d([[992, 1]]);
    const losses = streamingInfoNce(q, p, k, { temperature: 1 });
    await expect(losses).toBeAllClose([Math.log1p(Math.exp(-8))], { relative: 1e-3, absolute: 0 });
    tf.dispose([q, p, k, losses]);
  });

  it('is ln(1 + K) where every key is the positive', async () => {
    const q = random(1, 6, 10);
    const k = tf.tidy(() => tf.tile(q, [9, 1]));
    const losses = streamingInfoNce(q, q, k, { temperature: 0.2, tileSize: 4 });
    await expect(losses).toBeAllClose([Math.log(10)]);
    tf.dispose([q, k, losses]);
  });

  it('gives the negatives no gradient, and lets them change before the backward pass', async () => {
    const [q, p, k] = [random(2, 4, 11), random(2, 4, 12), random(6, 4, 13)];
    const queue = tf.variable(k);
    const [expected] = gradients(q, p, (a, b) => streamingInfoNce(a, b, k, { temperature: 0.2 }));
    const [moved] = gradients(q, p, (a, b) => {
      const losses = streamingInfoNce(a, b, queue as unknown as tf.Tensor2D, { temperature: 0.2 });
      queue.assign(tf.zerosLike(k));
      return losses;
    });
    await expect(moved as tf.Tensor).toBeAllClose(expected as tf.Tensor);
    expect(() => tf.grad((x) => streamingInfoNce(q, p, x as tf.Tensor2D, { temperature: 0.2 }))(k)).toThrow();
    tf.dispose([q, p, k, queue, expected as tf.Tensor, moved as tf.Tensor]);
  });

  it('never holds the logits, and leaks nothing', async () => {
    const [q, p, k] = [random(64, 8, 14), random(64, 8, 15), random(4096, 8, 16)];
    const forward = () => streamingInfoNce(q, p, k, { temperature: 0.2, tileSize: 128 }).dispose();
    const both = () =>
      tf.dispose(gradients(q, p, (a, b) => streamingInfoNce(a, b, k, { temperature: 0.2, tileSize: 128 })));
    expectNoLeaks(forward);
    expectNoLeaks(both);
    const before = tf.memory().numBytes;
    const { peakBytes } = await tf.profile(() => {
      both();
      return tf.scalar(0);
    });
    // A quarter of the logits, which alone would take 64 · 4096 floats.
    expect(peakBytes - before).toBeLessThan(64 * 4096);
    tf.dispose([q, p, k]);
  });

  it('says what is wrong', () => {
    const [q, p, k] = [random(2, 4, 17), random(2, 4, 18), random(6, 4, 19)];
    const empty = tf.zeros<tf.Rank.R2>([0, 4]);
    expect(() => streamingInfoNce(q, k, k, { temperature: 1 })).toThrow('positive must have shape [2, 4]');
    expect(() => streamingInfoNce(q, p, random(6, 5, 1), { temperature: 1 })).toThrow('negatives must have');
    expect(() => streamingInfoNce(q, p, empty, { temperature: 1 })).toThrow('number of negatives');
    expect(() => streamingInfoNce(q, p, k, { temperature: 0 })).toThrow(
      'temperature must be a number above 0',
    );
    expect(() => streamingInfoNce(q, p, k, { temperature: 1, tileSize: 0 })).toThrow('tileSize');
    expect(tf.getBackend()).toBe(backend);
    tf.dispose([q, p, k, empty]);
  });
});
