import { stopGradient, valueAndGradients } from '@pixcon/ops';
import { checkGradients, describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { optimalTransport, transportPlan } from './index.ts';

extendExpect();

type Matrix = readonly (readonly number[])[];

const random = (shape: [number, number, number], seed: number) =>
  tf.randomNormal<tf.Rank.R3>(shape, 0, 1, 'float32', seed);
const flat = (x: tf.Tensor) => x.data<'float32'>();
const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
const shares = (weights: readonly number[]) =>
  total(weights) > 0 ? weights.map((w) => w / total(weights)) : weights.map(() => 1 / weights.length);

/** Sinkhorn's iteration of one image with loops, on logarithms, in double precision. */
function naivePlan(
  cost: Matrix,
  a: readonly number[],
  b: readonly number[],
  epsilon: number,
  rounds: number,
) {
  const columns = b.map((_, j) => j);
  const logSum = (values: readonly number[]) => {
    const highest = Math.max(...values);
    if (highest === -Infinity) return -Infinity;
    return highest + Math.log(total(values.map((value) => Math.exp(value - highest))));
  };
  const at = (i: number, j: number) => -(cost[i]?.[j] as number) / epsilon;
  let f = a.map(() => 0);
  let g = b.map(() => 0);
  for (let round = 0; round < rounds; round++) {
    f = a.map((weight, i) => Math.log(weight) - logSum(columns.map((j) => at(i, j) + (g[j] as number))));
    g = b.map((weight, j) => Math.log(weight) - logSum(a.map((_, i) => at(i, j) + (f[i] as number))));
  }
  return a.map((_, i) => columns.map((j) => Math.exp(at(i, j) + (f[i] as number) + (g[j] as number))));
}

function naiveCosines(query: Matrix, key: Matrix): number[][] {
  const dot = (a: readonly number[], b: readonly number[]) => total(a.map((x, i) => x * (b[i] as number)));
  return query.map((q) => key.map((k) => dot(q, k) / Math.max(1e-12, Math.sqrt(dot(q, q) * dot(k, k)))));
}

describeBackends('transportPlan', () => {
  it('moves along the cheap way, whatever the order', async () => {
    const cost = tf.tensor3d([[[0, 2], [2, 0]], [[2, 0], [0, 2]]]); // biome-ignore format: matrices
    const plan = transportPlan(cost);
    expect(await flat(plan)).toBeAllClose([0.5, 0, 0, 0.5, 0, 0.5, 0.5, 0], { absolute: 1e-6 });
    tf.dispose([cost, plan]);
  });

  it('spreads evenly where nothing differs', async () => {
    const cost = tf.fill([1, 2, 3], 1.5) as tf.Tensor3D;
    const plan = transportPlan(cost);
    expect(await flat(plan)).toBeAllClose(new Float32Array(6).fill(1 / 6));
    tf.dispose([cost, plan]);
  });

  it.each([
    [1, 1, 1, 0.1, 50],
    [3, 4, 4, 0.1, 50],
    [2, 3, 5, 0.03, 10],
    [2, 6, 2, 1, 1],
  ])(
    'agrees with loops on logarithms: %i of %i × %i, ε = %f, %i rounds',
    async (batch, rows, columns, epsilon, iterations) => {
      const cost = tf.randomUniform([batch, rows, columns], 0, 2, 'float32', 3) as tf.Tensor3D;
      const rowWeight = tf.randomUniform([batch, rows], 0, 5, 'float32', 4) as tf.Tensor2D;
      const columnWeight = tf.randomUniform([batch, columns], 0, 5, 'float32', 5) as tf.Tensor2D;
      const plan = transportPlan(cost, { rowWeight, columnWeight, epsilon, iterations });
      const [matrices, rowWeights, columnWeights] = await Promise.all([
        cost.array(),
        rowWeight.array(),
        columnWeight.array(),
      ]);
      const expected = matrices.map((matrix, image) => {
        const a = shares(rowWeights[image] as number[]);
        const b = shares(columnWeights[image] as number[]);
        return naivePlan(matrix, a, b, epsilon, iterations);
      });
      expect(await flat(plan)).toBeAllClose(expected.flat(2), { absolute: 1e-5, relative: 1e-4 });
      // The columns hold exactly.
      const columnSums = tf.tidy(() => tf.sum(plan, 1));
      expect(await flat(columnSums)).toBeAllClose(columnWeights.flatMap(shares), { absolute: 1e-5 });
      tf.dispose([cost, rowWeight, columnWeight, plan, columnSums]);
    },
  );

  it('leaves out what weighs nothing, and takes all alike where nothing weighs', async () => {
    const cost = tf.randomUniform([2, 3, 3], 0, 2, 'float32', 6) as tf.Tensor3D;
    const weight = tf.tensor2d([[1, 0, 2], [0, 0, 0]]); // biome-ignore format: rows
    const plan = transportPlan(cost, { rowWeight: weight, columnWeight: weight, iterations: 200 });
    const [rows, columns] = tf.tidy(() => [tf.sum(plan, 2), tf.sum(plan, 1)]) as [tf.Tensor, tf.Tensor];
    const expected = [1 / 3, 0, 2 / 3, 1 / 3, 1 / 3, 1 / 3];
    expect(await flat(rows)).toBeAllClose(expected, { absolute: 1e-3 });
    expect(await flat(columns)).toBeAllClose(expected, { absolute: 1e-5 });
    tf.dispose([cost, weight, plan, rows, columns]);
  });

  it('stays finite at the least ε, where all that weighs is far away', async () => {
    const cost = tf.tensor3d([[[2, 0, 2], [2, 2, 0], [2, 2, 2]]]); // biome-ignore format: matrix
    const rowWeight = tf.tensor2d([[1, 1, 1]]);
    const columnWeight = tf.tensor2d([[1, 0, 0]]);
    const plan = transportPlan(cost, { rowWeight, columnWeight, epsilon: 0.03 });
    expect(await flat(plan)).toBeAllClose([1 / 3, 0, 0, 1 / 3, 0, 0, 1 / 3, 0, 0], { absolute: 1e-5 });
    tf.dispose([cost, rowWeight, columnWeight, plan]);
  });

  it('refuses what does not fit', () => {
    const cost = tf.zeros([2, 3, 4]) as tf.Tensor3D;
    const weight = tf.ones([2, 4]) as tf.Tensor2D;
    expect(() => transportPlan(cost, { rowWeight: weight })).toThrow('rowWeight must have shape [2, 3]');
    expect(() => transportPlan(cost, { epsilon: 0.01 })).toThrow('epsilon');
    expect(() => transportPlan(cost, { iterations: 0 })).toThrow('iterations');
    tf.dispose([cost, weight]);
  });
});

describeBackends('optimalTransport', (backend) => {
  it('costs nothing between equal sets in any order, and 2 between opposite ones', async () => {
    const query = tf.tensor3d([[[1, 0, 0], [0, 5, 0], [0, 0, 2]]]); // biome-ignore format: rows
    const [same, opposite] = tf.tidy(() => [
      optimalTransport(query, tf.reverse(query, 1)),
      optimalTransport(tf.ones([2, 3, 4]), tf.fill([2, 3, 4], -7)),
    ]) as [tf.Scalar, tf.Scalar];
    await expect(same).toBeAllClose(0, { absolute: 1e-3 });
    await expect(opposite).toBeAllClose(2);
    tf.dispose([query, same, opposite]);
  });

  it.each([
    [1, 1, 1, 3],
    [4, 4, 4, 16],
    [2, 3, 5, 8],
  ])('agrees with loops: %i of %i × %i rows of %i', async (batch, queries, keys, dim) => {
    const [query, key] = [random([batch, queries, dim], 1), random([batch, keys, dim], 2)];
    const queryWeight = tf.randomUniform([batch, queries], 0, 1, 'float32', 3) as tf.Tensor2D;
    const loss = optimalTransport(query, key, { queryWeight });
    const [allQueries, allKeys, weights] = await Promise.all([
      query.array(),
      key.array(),
      queryWeight.array(),
    ]);
    const costs = allQueries.map((rows, image) => {
      const cosines = naiveCosines(rows, allKeys[image] as number[][]);
      const cost = cosines.map((row) => row.map((cosine) => 1 - cosine));
      const a = shares(weights[image] as number[]);
      const plan = naivePlan(cost, a, shares(new Array(keys).fill(1)), 0.1, 50);
      return total(plan.flatMap((row, i) => row.map((p, j) => p * (cost[i]?.[j] as number))));
    });
    await expect(loss).toBeAllClose(total(costs) / batch, { absolute: 1e-5 });
    tf.dispose([query, key, queryWeight, loss]);
  });

  it('has the gradient of its cosines, at the plan of the given point', async () => {
    const [query, key] = [random([2, 3, 4], 5), random([2, 2, 4], 6)];
    const weight = tf.tensor2d([[1, 2, 0], [1, 1, 1]]); // biome-ignore format: rows
    const options = { queryWeight: weight, epsilon: 0.5 };
    // With the plan held, differences show it; the loss itself moves the plan as well.
    const [queries, keys] = await Promise.all([query.array(), key.array()]);
    const plan = tf.tidy(() => {
      const cosines = tf.tensor3d(
        queries.map((rows, image) => naiveCosines(rows, keys[image] as number[][])),
      );
      return transportPlan(tf.sub(1, cosines), { rowWeight: weight, epsilon: 0.5 });
    });
    const held = (q: tf.Tensor3D, k: tf.Tensor3D) =>
      tf.tidy(() => {
        const [a, b] = [q, k].map((rows) => {
          const length = tf.sqrt(tf.sum(tf.square(rows), 2, true));
          return tf.div(rows, length);
        }) as [tf.Tensor3D, tf.Tensor3D];
        return tf.sub(1, tf.div(tf.sum(tf.mul(plan, tf.matMul(a, b, false, true))), 2)) as tf.Scalar;
      });
    const both = (f: (q: tf.Tensor3D, k: tf.Tensor3D) => tf.Scalar) =>
      tf.tidy(() => {
        const { value, grads } = tf.valueAndGrads((q, k) => f(q as tf.Tensor3D, k as tf.Tensor3D))([
          query,
          key,
        ]);
        return [value, ...grads];
      });
    const [expected, results] = [both(held), both((q, k) => optimalTransport(q, k, options))];
    for (const [i, values] of results.entries()) {
      await expect(values).toBeAllClose(expected[i] as tf.Tensor, { absolute: 1e-5 });
    }
    tf.dispose([expected, results]);
    await checkGradients(held, [query, key], { epsilon: 3e-3, absolute: 2e-3 });
    tf.dispose([query, key, weight, plan]);
  });

  it('descends: steps along the gradient find who belongs to whom', async () => {
    const key = random([2, 4, 8], 7);
    const query = tf.variable(random([2, 4, 8], 8));
    const values: number[] = [];
    for (let step = 0; step < (backend === 'webgpu' ? 15 : 60); step++) {
      const { value, gradients } = valueAndGradients(
        () => optimalTransport(query as unknown as tf.Tensor3D, key),
        new Map([['query', query]]),
      );
      values.push((await value.data())[0] as number);
      const moved = tf.tidy(
        () => tf.sub(query, tf.mul(gradients.get('query') as tf.Tensor, 10)) as tf.Tensor3D,
      );
      query.assign(moved);
      tf.dispose([value, moved, [...gradients.values()]]);
    }
    expect(values[0]).toBeGreaterThan(0.4);
    expect(values.at(-1)).toBeLessThan(0.05);
    tf.dispose([key, query]);
  });

  it('does not depend on the order or length of rows, takes zero rows, and leaks nothing', async () => {
    const [query, key] = [random([2, 3, 5], 9), random([2, 3, 5], 10)];
    const [loss, moved, zero] = tf.tidy(() => [
      optimalTransport(query, key),
      optimalTransport(tf.mul(tf.reverse(query, 1), 9), tf.mul(key, 0.1)),
      optimalTransport(tf.zerosLike(query), key),
    ]) as [tf.Scalar, tf.Scalar, tf.Scalar];
    await expect(moved).toBeAllClose(loss, { absolute: 1e-5 });
    await expect(zero).toBeAllClose(1);
    expectNoLeaks(() => {
      optimalTransport(query, key).dispose();
      tf.grad((q) => optimalTransport(q as tf.Tensor3D, stopGradient(key)))(query).dispose();
    });
    expect(() => optimalTransport(query, random([2, 3, 4], 1))).toThrow('key must have shape [2, any, 5]');
    tf.dispose([query, key, loss, moved, zero]);
  });
});
