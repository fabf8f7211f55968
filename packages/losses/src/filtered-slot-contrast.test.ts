import { checkGradients, describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { filteredSlotContrast } from './index.ts';

extendExpect();

const random = (rows: number, dim: number, seed: number) =>
  tf.randomNormal<tf.Rank.R2>([rows, dim], 0, 1, 'float32', seed);

const cosine = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, k) => sum + value * (b[k] as number), 0) / (Math.hypot(...a) * Math.hypot(...b));

/** Which queries and keys count, and which key is each query's positive. */
interface Slots {
  readonly query: tf.Tensor2D;
  readonly keys: tf.Tensor2D;
  readonly label: readonly number[];
  readonly queries: readonly number[];
  readonly active: readonly number[];
}

async function naive({ query, keys, label, queries, active }: Slots, temperature: number): Promise<number> {
  const [q, k] = [await query.array(), await keys.array()];
  const losses = q.flatMap((row, i) => {
    if (!queries[i]) return [];
    const logits = k.map((key) => cosine(row, key) / temperature);
    const sum = logits.reduce((total, logit, j) => total + (active[j] ? Math.exp(logit) : 0), 0);
    return [Math.log(sum) - (logits[label[i] as number] as number)];
  });
  return (2 * temperature * losses.reduce((a, b) => a + b, 0)) / Math.max(1, losses.length);
}

function run(slots: Slots, temperature?: number): tf.Scalar {
  return tf.tidy(() =>
    filteredSlotContrast(slots.query, tf.gather(slots.keys, [...slots.label]), slots.keys, {
      queryMask: tf.tensor1d([...slots.queries]),
      keyMask: tf.tensor1d([...slots.active]),
      ...(temperature === undefined ? {} : { temperature }),
    }),
  );
}

/** Made in each test: its backend is running then. */
const someSlots = (): Slots => ({
  query: random(5, 8, 1),
  keys: random(7, 8, 2),
  label: [0, 2, 3, 6, 1],
  queries: [1, 1, 0, 1, 0],
  active: [1, 0, 1, 1, 0, 1, 1],
});

describeBackends('filteredSlotContrast', () => {
  it.each([0.2, 0.05, 1])('agrees with plain loops at the temperature %d', async (temperature) => {
    const here = someSlots();
    await expect(run(here, temperature)).toBeAllClose(await naive(here, temperature), {
      relative: 1e-4,
      absolute: 1e-6,
    });
    const all = { ...here, queries: [1, 1, 1, 1, 1], active: [1, 1, 1, 1, 1, 1, 1] };
    await expect(run(all, temperature)).toBeAllClose(await naive(all, temperature), {
      relative: 1e-4,
      absolute: 1e-6,
    });
    const bare = filteredSlotContrast(all.query, tf.gather(all.keys, [...all.label]), all.keys, {
      temperature,
    });
    await expect(bare).toBeAllClose(run(all, temperature));
  });

  it('is right for one image with one slot, and for slots all alike', async () => {
    const [query, key] = [random(1, 4, 3), random(1, 4, 4)];
    // Nothing to tell it from.
    await expect(filteredSlotContrast(query, key, key)).toBeAllClose(0, { absolute: 1e-6 });
    const same = tf.ones<tf.Rank.R2>([6, 4]);
    await expect(filteredSlotContrast(same, same, same)).toBeAllClose(0.4 * Math.log(6), { absolute: 1e-5 });
  });

  it('does not see slots that do not count', async () => {
    const here = someSlots();
    const expected = run(here);
    const spoil = (rows: tf.Tensor2D, mask: readonly number[]) =>
      tf.where(tf.reshape(tf.tensor1d(mask.map(Boolean)), [-1, 1]), rows, tf.mul(tf.onesLike(rows), -7)) as tf.Tensor2D; // biome-ignore format: one
    const spoilt = { ...here, query: spoil(here.query, here.queries), keys: spoil(here.keys, here.active) };
    await expect(run(spoilt)).toBeAllClose(expected);
  });

  it('has the gradient that differences show, for the query only', async () => {
    const { query, keys, label } = someSlots();
    const options = { queryMask: tf.tensor1d([1, 0, 1, 1, 1]), keyMask: tf.tensor1d([1, 1, 1, 1, 0, 0, 1]) };
    const positive = tf.gather(keys, [...label]);
    await checkGradients((q) => filteredSlotContrast(q, positive, keys, options), [query], {
      epsilon: 3e-3,
      absolute: 2e-3,
    });
    const refused = 'Cannot compute gradient';
    expect(() => tf.grad((p) => filteredSlotContrast(query, p as tf.Tensor2D, keys))(positive)).toThrow(
      refused,
    );
    expect(() => tf.grad((k) => filteredSlotContrast(query, positive, k as tf.Tensor2D))(keys)).toThrow(
      refused,
    );
  });

  it('is 0 with a gradient of 0 where no slot counts, also at low temperatures', async () => {
    const { query, keys, label } = someSlots();
    const positive = tf.gather(keys, [...label]);
    for (const temperature of [0.2, 0.01]) {
      const options = {
        temperature,
        queryMask: tf.zeros<tf.Rank.R1>([5]),
        keyMask: tf.zeros<tf.Rank.R1>([7]),
      };
      await expect(filteredSlotContrast(query, positive, keys, options)).toBeAllClose(0);
      const gradient = tf.grad((q) => filteredSlotContrast(q as tf.Tensor2D, positive, keys, options))(query);
      await expect(gradient).toBeAllClose(tf.zerosLike(query));
    }
  });

  it('leaks nothing, and says what is wrong', () => {
    const [query, keys] = [random(3, 4, 5), random(3, 4, 6)];
    expectNoLeaks(() => {
      filteredSlotContrast(query, keys, keys).dispose();
      tf.grad((q) => filteredSlotContrast(q as tf.Tensor2D, keys, keys))(query).dispose();
    });
    expect(() => filteredSlotContrast(query, random(2, 4, 1), keys)).toThrow(
      'positive must have shape [3, 4]',
    );
    expect(() => filteredSlotContrast(query, keys, random(3, 5, 1))).toThrow('keys must have shape [any, 4]');
    expect(() => filteredSlotContrast(query, keys, keys, { keyMask: tf.ones([2]) })).toThrow('keyMask');
    expect(() => filteredSlotContrast(query, keys, keys, { queryMask: tf.ones([2]) })).toThrow('queryMask');
    expect(() => filteredSlotContrast(query, keys, keys, { temperature: 0 })).toThrow('temperature');
    tf.dispose([query, keys]);
  });
});
