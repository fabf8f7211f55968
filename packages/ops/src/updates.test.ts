import { describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { exponentialMovingAverage, exponentialMovingAverages } from './exponential-moving-average.ts';
import { larsUpdates } from './lars-update.ts';
import { ringWrite } from './ring-write.ts';
import { sgdUpdate, sgdUpdates } from './sgd-update.ts';

extendExpect();

describeBackends('ringWrite', () => {
  const cases: [number, number, number][] = [[5, 2, 0], [5, 2, 2], [5, 2, 3], [5, 2, 4], [5, 5, 0], [5, 5, 3], [5, 0, 1], [1, 1, 0]]; // biome-ignore format: triples
  it.each(cases)('writes into %i places, %i rows from %i on', async (length, count, pointer) => {
    const start = tf.tensor2d(Array.from({ length }, (_, i) => [i, -i]));
    const rows = tf.tensor2d(Array.from({ length: count }, (_, i) => [100 + i, 200 + i]).flat(), [count, 2]);
    const ring = tf.variable(start);
    const expected = await start.array();
    for (let i = 0; i < count; i++) expected[(pointer + i) % length] = [100 + i, 200 + i];
    expectNoLeaks(() => ringWrite(ring, rows, pointer));
    await expect(ring).toBeAllClose(expected);
    await expect(start).toBeAllClose(Array.from({ length }, (_, i) => [i, -i]));
    tf.dispose([start, rows, ring]);
  });

  it('holds the last rows of a stream, as a plain loop does', async () => {
    const ring = tf.variable(tf.zeros<tf.Rank.R2>([7, 1]));
    const expected = new Float32Array(7);
    let pointer = 0;
    for (let step = 0; step < 12; step++) {
      const values = [step * 3 + 1, step * 3 + 2, step * 3 + 3];
      const rows = tf.tensor2d(values, [3, 1]);
      ringWrite(ring, rows, pointer);
      rows.dispose();
      values.forEach((value, i) => {
        expected[(pointer + i) % 7] = value;
      });
      pointer = (pointer + 3) % 7;
      await expect(ring).toBeAllClose(expected);
    }
    ring.dispose();
  });

  it('says what is wrong', () => {
    const ring = tf.variable(tf.zeros<tf.Rank.R2>([3, 2]));
    expect(() => ringWrite(ring, tf.zeros([4, 2]), 0)).toThrow(
      'number of rows must be a number of at most 3',
    );
    expect(() => ringWrite(ring, tf.zeros([1, 3]), 0)).toThrow('rows must have shape [any, 2]');
    expect(() => ringWrite(ring, tf.zeros([1, 2]), 3)).toThrow('pointer must be a whole number');
    ring.dispose();
  });
});

describeBackends('sgdUpdate', () => {
  // Weight, then velocity after each of two steps, from the rule of torch.optim.SGD by hand:
  // g = 0.5 + 0.1·2 = 0.7, v = 0.7, w = 2 − 0.1·0.7 = 1.93; g = −1 + 0.193, v = 0.9·0.7 − 0.807, w = 1.93 + 0.0177.
  it('follows the rule of torch.optim.SGD', async () => {
    const weight = tf.variable(tf.tensor1d([2, 0]));
    const gradients = [tf.tensor1d([0.5, 1]), tf.tensor1d([-1, 1])];
    const options = { learningRate: 0.1, momentum: 0.9, weightDecay: 0.1 };
    const velocity = sgdUpdate(weight, undefined, gradients[0] as tf.Tensor, options) as tf.Variable;
    await expect(weight).toBeAllClose([1.93, -0.1]);
    await expect(velocity).toBeAllClose([0.7, 1]);
    expectNoLeaks(() => {
      expect(sgdUpdate(weight, velocity, gradients[1] as tf.Tensor, options)).toBe(velocity);
    });
    await expect(velocity).toBeAllClose([-0.177, 1.89]);
    await expect(weight).toBeAllClose([1.9477, -0.289]);
    tf.dispose([weight, velocity, ...gradients]);
  });

  it('leaves what shares memory with its variables, and follows the rule over many steps', async () => {
    const random = (seed: number) => tf.randomNormal([3, 4], 0, 1, 'float32', seed);
    const options = { learningRate: 0.05, momentum: 0.9, weightDecay: 0.01 };
    const first = random(1);
    const weight = tf.variable(first);
    const [w, v] = [[...(await first.data())], new Array<number>(12).fill(0)];
    let velocity: tf.Variable | undefined;
    for (let step = 0; step < 5; step++) {
      const gradient = random(10 + step);
      const [shared, sharedVelocity] = [tf.clone(weight), velocity && tf.clone(velocity)];
      const [before, velocityBefore] = [[...w], [...v]];
      velocity = sgdUpdate(weight, velocity, gradient, options);
      (await gradient.data()).forEach((g, i) => {
        v[i] = 0.9 * (v[i] as number) + g + 0.01 * (w[i] as number);
        w[i] = (w[i] as number) - 0.05 * (v[i] as number);
      });
      expect([...(await weight.data())]).toBeAllClose(w);
      expect([...(await (velocity as tf.Variable).data())]).toBeAllClose(v);
      expect([...(await shared.data())]).toBeAllClose(before);
      if (sharedVelocity) expect([...(await sharedVelocity.data())]).toBeAllClose(velocityBefore);
      expect([...(await gradient.data())]).toEqual([...(await random(10 + step).data())]);
      tf.dispose([shared, sharedVelocity ?? [], gradient]);
    }
    tf.dispose([first, weight, velocity as tf.Variable]);
  });

  it('keeps a first velocity of its own: the gradient may be disposed', async () => {
    const weight = tf.variable(tf.tensor1d([1]));
    const gradient = tf.tensor1d([2]);
    const velocity = sgdUpdate(weight, undefined, gradient, {
      learningRate: 0.5,
      momentum: 0.9,
    }) as tf.Variable;
    gradient.dispose();
    await expect(velocity).toBeAllClose([2]);
    expect(velocity.trainable).toBe(false);
    await expect(weight).toBeAllClose([0]);
    tf.dispose([weight, velocity]);
  });

  it('has no velocity without momentum', async () => {
    const weight = tf.variable(tf.tensor1d([1, 2]));
    const gradient = tf.tensor1d([1, -1]);
    expectNoLeaks(() => {
      expect(sgdUpdate(weight, undefined, gradient, { learningRate: 0.5 })).toBeUndefined();
    });
    await expect(weight).toBeAllClose([0.5, 2.5]);
    tf.dispose([weight, gradient]);
  });

  it('says what is wrong', () => {
    const weight = tf.variable(tf.tensor1d([1, 2]));
    const gradient = tf.tensor1d([1, 2, 3]);
    expect(() => sgdUpdate(weight, undefined, gradient, { learningRate: 1 })).toThrow(
      'gradient must have shape [2]',
    );
    expect(() => sgdUpdate(weight, undefined, weight, { learningRate: Number.NaN })).toThrow('learningRate');
    tf.dispose([weight, gradient]);
  });
});

describeBackends('updates of many parameters', () => {
  const shapes = [[3], [2, 5], [1], [40, 50, 50], [7, 3]];
  const options = { learningRate: 0.1, momentum: 0.9, weightDecay: 0.02 };

  it('are those of each alone, also on the first step and where memory is shared', async () => {
    await expectNoLeaks(async () => {
      const make = (seed: number) =>
        shapes.map((shape, i) => tf.randomNormal(shape, 0, 1, 'float32', seed + i));
      const [start, first, second] = [make(1), make(100), make(200)];
      const before = await Promise.all(start.map(async (value) => [...(await value.data())]));
      const together = start.map((value) => tf.variable(value));
      const alone = start.map((value) => tf.variable(value));
      const entries = (gradients: tf.Tensor[], velocities: (tf.Variable | undefined)[]) =>
        together.map((variable, i) => ({
          variable,
          velocity: velocities[i],
          gradient: gradients[i] as tf.Tensor,
        }));
      let velocities: (tf.Variable | undefined)[] = [];
      let single: (tf.Variable | undefined)[] = [];
      for (const gradients of [first, second]) {
        velocities = sgdUpdates(entries(gradients, velocities), options);
        single = alone.map((variable, i) =>
          sgdUpdate(variable, single[i], gradients[i] as tf.Tensor, options),
        );
      }
      for (const [i, variable] of together.entries()) {
        await expect(variable).toBeAllClose(alone[i] as tf.Tensor);
        await expect(velocities[i] as tf.Tensor).toBeAllClose(single[i] as tf.Tensor);
        // The variables began in the memory of these.
        expect([...(await (start[i] as tf.Tensor).data())]).toEqual(before[i]);
      }
      exponentialMovingAverages(
        together.map((target, i) => ({ target, online: second[i] as tf.Tensor })),
        0.75,
      );
      for (const [i, target] of together.entries()) {
        const expected = tf.tidy(() =>
          tf.add(tf.mul(alone[i] as tf.Tensor, 0.75), tf.mul(second[i] as tf.Tensor, 0.25)),
        );
        await expect(target).toBeAllClose(expected);
        expected.dispose();
      }
      tf.dispose([start, first, second, together, alone, velocities as tf.Tensor[], single as tf.Tensor[]]);
    });
  });

  it('move nothing when one of them is wrong', async () => {
    const [good, bad] = [tf.variable(tf.tensor1d([1, 2])), tf.variable(tf.tensor1d([3, 4]))];
    const gradient = tf.tensor1d([1, 1]);
    const wrong = tf.tensor1d([1, 1, 1]);
    const updates = [
      { variable: good, velocity: undefined, gradient },
      { variable: bad, velocity: undefined, gradient: wrong },
    ];
    expect(() => sgdUpdates(updates, options)).toThrow('gradient must have shape [2]');
    const moves = [
      { target: good, online: gradient },
      { target: bad, online: wrong },
    ];
    expect(() => exponentialMovingAverages(moves, 0.5)).toThrow('online must have shape [2]');
    await expect(good).toBeAllClose([1, 2]);
    expect(sgdUpdates([], options)).toEqual([]);
    exponentialMovingAverages([], 0.5);
    exponentialMovingAverages([{ target: good, online: good }], 0.5);
    await expect(good).toBeAllClose([1, 2]);
    tf.dispose([good, bad, gradient, wrong]);
  });
});

describeBackends('larsUpdates', () => {
  const shapes = [[3], [2, 5], [1], [40, 50, 50], [7, 3], [64], [8, 16], [33]];
  const options = {
    learningRate: 2,
    momentum: 0.9,
    weightDecay: 0.01,
    trustCoefficient: 0.02,
    epsilon: 1e-8,
  };

  it('follows the rule, also where a norm is zero, and leaves what shares memory', async () => {
    await expectNoLeaks(async () => {
      const make = (seed: number) =>
        shapes.map((shape, i) => tf.randomNormal(shape, 0, 1, 'float32', seed + i));
      const [start, speed, gradients] = [make(1), make(50), make(100)];
      // Of the first, the gradient is zero; of the second, the weights.
      for (const [list, place] of [
        [gradients, 0],
        [start, 1],
      ] as const) {
        list[place]?.dispose();
        list[place] = tf.zeros(shapes[place] as number[]);
      }
      const read = (tensors: tf.Tensor[]) =>
        Promise.all(tensors.map(async (each) => [...(await each.data())]));
      const [w, v, g] = [await read(start), await read(speed), await read(gradients)];
      const variables = start.map((value) => tf.variable(value));
      const velocities = speed.map((value) => tf.variable(value));
      const adaptive = shapes.map((_, i) => i % 3 !== 2);
      larsUpdates(
        shapes.map((_, i) => ({
          variable: variables[i] as tf.Variable,
          velocity: velocities[i] as tf.Variable,
          gradient: gradients[i] as tf.Tensor,
          adaptive: adaptive[i] as boolean,
        })),
        options,
      );
      const norm = (values: number[]) => Math.hypot(...values);
      for (const [i, variable] of variables.entries()) {
        const [weights, slopes] = [w[i] as number[], g[i] as number[]];
        const [decay, trust] = adaptive[i] ? [options.weightDecay, options.trustCoefficient] : [0, 0];
        const [a, b] = [norm(weights), norm(slopes)];
        const ratio = adaptive[i] && a > 0 && b > 0 ? (trust * a) / (b + decay * a + options.epsilon) : 1;
        const speeds = weights.map(
          (weight, k) =>
            0.9 * ((v[i] as number[])[k] as number) +
            options.learningRate * ratio * ((slopes[k] as number) + decay * weight),
        );
        await expect(velocities[i] as tf.Tensor).toBeAllClose(Float32Array.from(speeds), { absolute: 1e-5 });
        const expected = weights.map((weight, k) => weight - (speeds[k] as number));
        await expect(variable).toBeAllClose(Float32Array.from(expected), { absolute: 1e-5 });
        // The variables began in the memory of these.
        expect([...(await (start[i] as tf.Tensor).data())]).toEqual(weights);
      }
      tf.dispose([start, speed, gradients, variables, velocities]);
    });
  });

  it('moves nothing when one of them is wrong', async () => {
    const [variable, velocity] = [tf.variable(tf.tensor1d([1, 2])), tf.variable(tf.tensor1d([0, 0]))];
    const update = { variable, velocity, adaptive: true };
    const [good, bad] = [tf.tensor1d([1, 1]), tf.tensor1d([1, 1, 1])];
    const updates = [good, bad].map((gradient) => ({ ...update, gradient }));
    expect(() => larsUpdates(updates, options)).toThrow('gradient must have shape [2]');
    expect(() => larsUpdates([], { ...options, epsilon: -1 })).toThrow('epsilon');
    larsUpdates([], options);
    await expect(variable).toBeAllClose([1, 2]);
    tf.dispose([variable, velocity, good, bad]);
  });
});

describeBackends('exponentialMovingAverage', () => {
  it.each([0, 0.25, 0.99, 1])('mixes with momentum %d', async (momentum) => {
    const target = tf.variable(tf.tensor1d([1, -4]));
    const online = tf.variable(tf.tensor1d([3, 8]));
    expectNoLeaks(() => exponentialMovingAverage(target, online, momentum));
    await expect(target).toBeAllClose([momentum + 3 * (1 - momentum), -4 * momentum + 8 * (1 - momentum)]);
    await expect(online).toBeAllClose([3, 8]);
    tf.dispose([target, online]);
  });

  it('says what is wrong', () => {
    const target = tf.variable(tf.tensor1d([1, -4]));
    expect(() => exponentialMovingAverage(target, tf.zeros([3]), 0.5)).toThrow('online must have shape [2]');
    expect(() => exponentialMovingAverage(target, target, 1.5)).toThrow('momentum');
    target.dispose();
  });
});
