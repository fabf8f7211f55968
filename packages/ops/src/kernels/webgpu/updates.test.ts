import { describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { randomValues } from '../../../test/expect-like-naive.ts';
import { ringWrite } from '../reference/ring-write.ts';
import { referenceUpdates } from '../reference/updates.ts';
import { webgpuUpdates } from './updates.ts';
import { watchDispatches } from './watch-dispatches.ts';

extendExpect();

const random = (shape: readonly number[], seed: number) =>
  tf.tensor(Float32Array.from(randomValues(shape, seed)), [...shape]);
const variable = (shape: readonly number[], seed: number) => tf.tidy(() => tf.variable(random(shape, seed)));

// Sizes with and without whole groups of four, within and past a workgroup, more than one dispatch takes.
const shapes = [
  [1],
  [3],
  [64],
  [5, 130],
  [3, 3, 5, 8],
  [2000],
  [130],
  [7],
  [4, 4],
  [1001],
  [12],
  [6],
  [8],
  [16],
];

function dispatchesOf(run: () => void): number {
  let dispatches = 0;
  const stop = watchDispatches(() => dispatches++);
  run();
  stop();
  return dispatches;
}

describeBackends(
  'updates on WebGPU',
  () => {
    it('momentumUpdates as the reference one by one, in fewer dispatches than parameters', async () => {
      const options = { learningRate: 0.1, momentum: 0.9, weightDecay: 0.01 };
      await expectNoLeaks(async () => {
        const make = () =>
          shapes.map((shape, i) => ({
            variable: variable(shape, 3 * i),
            velocity: variable(shape, 3 * i + 1),
            gradient: random(shape, 3 * i + 2),
          }));
        const [actual, expected] = [make(), make()];
        for (let step = 0; step < 2; step++) {
          const dispatches = dispatchesOf(() => webgpuUpdates.momentumUpdates?.(actual, options));
          expect(dispatches).toBeGreaterThan(0);
          expect(dispatches).toBeLessThan(shapes.length);
          for (const entry of expected) {
            referenceUpdates.momentumUpdate(entry.variable, entry.velocity, entry.gradient, options);
          }
        }
        for (const [i, entry] of actual.entries()) {
          await expect(entry.variable).toBeAllClose(expected[i]?.variable as tf.Tensor);
          await expect(entry.velocity).toBeAllClose(expected[i]?.velocity as tf.Tensor);
        }
        for (const entry of [...actual, ...expected])
          tf.dispose([entry.variable, entry.velocity, entry.gradient]);
      });
    });

    it('moveAllTowards as the reference, and clones of a target stay', async () => {
      await expectNoLeaks(async () => {
        const make = () =>
          shapes.map((shape, i) => ({ target: variable(shape, 2 * i), online: random(shape, 2 * i + 1) }));
        const [actual, expected] = [make(), make()];
        const clones = actual.map(({ target }) => tf.clone(target));
        webgpuUpdates.moveAllTowards?.(actual, 0.9);
        for (const [i, { target }] of actual.entries()) {
          const reference = expected[i] as (typeof expected)[number];
          await expect(clones[i] as tf.Tensor).toBeAllClose(reference.target);
          referenceUpdates.moveTowards(reference.target, reference.online, 0.9);
          await expect(target).toBeAllClose(reference.target);
        }
        tf.dispose([clones, actual.flatMap(Object.values), expected.flatMap(Object.values)]);
      });
    });

    it('writes where the parameters are: no memory is allocated', () => {
      const bytes = () =>
        (tf.memory() as unknown as { numBytesAllocatedInGPU: number }).numBytesAllocatedInGPU;
      const [target, online, velocity] = [variable([333], 1), random([333], 2), variable([333], 3)];
      const step = () => {
        webgpuUpdates.moveTowards(target, online, 0.5);
        webgpuUpdates.momentumUpdate(target, velocity, online, {
          learningRate: 1,
          momentum: 1,
          weightDecay: 0,
        });
      };
      step();
      const { dataId } = target;
      const before = bytes();
      step();
      expect(target.dataId).toBe(dataId);
      // But for uniforms, of a few bytes each.
      expect(bytes() - before).toBeLessThan(333);
      tf.dispose([target, online, velocity]);
    });

    it('moves variables that began as integers, whose memory tfjs leaves as it is', async () => {
      const target = tf.tidy(() =>
        tf.variable(tf.cast(tf.add(tf.tensor1d([0, 1, 2, 3], 'int32'), 1), 'float32')),
      );
      const online = tf.ones([4]);
      webgpuUpdates.moveTowards(target, online, 0.5);
      await expect(target).toBeAllClose([1, 1.5, 2, 2.5]);
      tf.dispose([target, online]);
    });

    it('addAll adds in place, and leaves what shares the memory of a total', async () => {
      await expectNoLeaks(async () => {
        const pairs = shapes.map((shape, i) => ({
          total: random(shape, 2 * i),
          part: random(shape, 2 * i + 1),
        }));
        const expected = pairs.map(({ total, part }) => tf.add(total, part));
        const shared = tf.clone(pairs[0]?.total as tf.Tensor);
        const sums = webgpuUpdates.addAll?.(pairs) ?? [];
        for (const [i, sum] of sums.entries()) {
          await expect(sum).toBeAllClose(expected[i] as tf.Tensor, { relative: 0, absolute: 1e-6 });
        }
        const start = random(shapes[0] as number[], 0);
        await expect(shared).toBeAllClose(start);
        expect(sums[1]).toBe(pairs[1]?.total);
        tf.dispose([sums, expected, shared, start, pairs.map(({ part }) => part)]);
      });
    });

    it.each<[number, number, number, number]>([
      [1, 1, 1, 0],
      [5, 4, 2, 4],
      [7, 3, 7, 5],
      [300, 130, 1, 299],
      [64, 8, 40, 30],
    ])(
      'ringWrite as the reference: %i rows of %i, %i new from %i on',
      async (length, dim, count, pointer) => {
        await expectNoLeaks(async () => {
          const [actual, expected] = [variable([length, dim], 1), variable([length, dim], 1)];
          const rows = random([count, dim], 2) as tf.Tensor2D;
          expect(dispatchesOf(() => webgpuUpdates.ringWrite(actual, rows, pointer))).toBe(1);
          ringWrite(expected, rows, pointer);
          await expect(actual).toBeAllClose(expected, { relative: 0, absolute: 0 });
          tf.dispose([actual, expected, rows]);
        });
      },
    );
  },
  { backends: ['webgpu'] },
);
