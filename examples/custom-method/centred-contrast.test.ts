import { describeBackends, expectNoLeaks } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { type KeyQueue, RandomStream, resnet, sgd, trainStep, type ViewPair } from 'pixcon';
import { describe, expect, it } from 'vitest';
import { centredContrast } from './centred-contrast.ts';

const dim = 8;
const method = centredContrast({
  backbone: resnet({ block: 'basic', layers: [1, 1, 1, 1], planes: [4, 4, 8, 8], stemChannels: 4 }),
  hidden: 16,
  dim,
});
const context = { step: 0, learningRate: 0.1, targetMomentum: 0.5, random: new RandomStream(1) };

function newState() {
  return method.initialize({ random: new RandomStream(0), batchSize: 3 });
}

function batch(): ViewPair {
  const view = (seed: number) => ({
    images: tf.randomNormal<tf.Rank.R4>([3, 64, 64, 3], 0, 1, 'float32', seed),
    geometry: Array.from({ length: 3 }, () => ({ box: { x0: 0, y0: 0, x1: 64, y1: 64 }, flipped: false })),
  });
  return { views: [view(1), view(2)], names: ['a', 'b', 'c'] };
}

describe('centredContrast', () => {
  describeBackends(
    'on a backend',
    () => {
      it('moves the centre a tenth of the way to the mean projection, and the target by its momentum', async () => {
        const state = newState();
        const targets = method.encodeTargets(state, batch(), context);
        const rows = (await Promise.all(
          [targets.pooled0, targets.pooled1].map((tensor) => tensor?.array()),
        )) as number[][][];
        const weight = state.online.get('head.3.weight');
        weight.assign(tf.add(weight, 1));
        const before = (await state.target?.get('head.3.weight').data()) as Float32Array;
        method.update(state, targets, context);
        const centre = await state.online.get('centre').data();
        for (const [i, value] of centre.entries()) {
          const mean = rows.flat().reduce((sum, row) => sum + (row[i] as number), 0) / rows.flat().length;
          expect(value).toBeCloseTo(0.1 * mean, 5);
        }
        const after = (await state.target?.get('head.3.weight').data()) as Float32Array;
        for (const [i, value] of after.entries()) expect(value).toBeCloseTo(0.5 + (before[i] as number), 5);
        expect(state.queues.keys?.pointer).toBe(3);
      });

      it('takes the centre from the keys, not from what the centre is made of', async () => {
        const state = newState();
        const views = batch();
        const plain = method.encodeTargets(state, views, context);
        state.online.get('centre').assign(tf.slice(plain.pooled0 as tf.Tensor2D, 0, 1));
        const { pooled0, queued0, cells0 } = method.encodeTargets(state, views, context);
        expect(await pooled0?.data()).toEqual(await plain.pooled0?.data());
        const [first, second] = (await (queued0 as tf.Tensor2D).array()) as number[][];
        for (const value of first ?? []) expect(value).toBeCloseTo(0, 5); // the first image is the centre itself
        expect(Math.hypot(...(second ?? []))).toBeCloseTo(1, 5);
        expect(cells0?.shape).toEqual([3, 4, dim]);
      });

      it('lowers the loss of a batch where queue, target and centre stay', async () => {
        const state = newState();
        const [queue, optimizer, views] = [state.queues.keys as KeyQueue, sgd(), batch()];
        const content = { keys: tf.clone(queue.keys), pointer: 0, filled: 0 };
        const losses: number[] = [];
        for (let step = 0; step < 10; step++) {
          const { loss } = trainStep(method, state, optimizer, views, {
            ...context,
            step,
            targetMomentum: 1,
          });
          losses.push((await loss?.data())?.[0] as number);
          queue.restore(content);
          state.online.get('centre').assign(tf.zeros([1, dim]));
        }
        expect(losses.at(-1)).toBeLessThan(0.9 * (losses[0] as number));
      });

      it('leaks nothing', async () => {
        const state = newState();
        const optimizer = sgd();
        const views = batch();
        const step = () => void tf.dispose({ ...trainStep(method, state, optimizer, views, context) });
        step(); // the optimizer makes its own tensors once
        await expectNoLeaks(step);
      });
    },
    { backends: ['wasm'] },
  );
});
