import { RandomStream, scoped } from '@pixcon/core';
import { projectionHead } from '@pixcon/heads';
import { infoNce } from '@pixcon/losses';
import { globalAveragePool, l2Normalize } from '@pixcon/ops';
import { describeBackends, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  batchSize,
  contextOf,
  expectGradients,
  partsOf,
  shareMoved,
  smallBackbone,
  withState,
} from '../test/small.ts';
import { mocoV2 } from './index.ts';

extendExpect();

const small = { backbone: smallBackbone, queueLength: 16, hidden: 16, dim: 8 } as const;

describe('mocoV2', () => {
  it('has the published defaults', () => {
    const method = mocoV2({ backbone: smallBackbone });
    expect(method.settings).toMatchObject({
      queueLength: 'auto',
      temperature: 0.2,
      hidden: 2048,
      dim: 128,
      targetMomentum: 0.999,
      splits: 8,
    });
    expect(method.targetMomentumSchedule).toBe('constant');
  });

  it('refuses options out of range, and a batch that splits do not divide', () => {
    expect(() => mocoV2({ ...small, temperature: 0 })).toThrow(/temperature/);
    expect(() => mocoV2({ ...small, targetMomentum: 2 })).toThrow(/targetMomentum/);
    expect(() => mocoV2({ ...small, splits: 0.5 })).toThrow(/splits must be a whole number/);
    const sizes = { random: new RandomStream(0), batchSize: 12 };
    expect(() => mocoV2(small).initialize(sizes)).toThrow(/mocoV2: splits must divide the batch of 12/);
  });
});

describeBackends('mocoV2', () => {
  const head = projectionHead({ inputChannels: 8, hidden: 16, output: 8, normalization: false });

  it('contrasts the first view with keys of the second, in whose company no query is', async () => {
    const method = mocoV2({ ...small, splits: 2 });
    await withState(method, async (state, batch) => {
      const parts = await partsOf(method, state, batch);
      // Two devices of two images each: the query's in order, the target's shuffled by the step's stream.
      const encode = (encoder: typeof state.online, images: tf.Tensor4D) => {
        const features = smallBackbone.apply(scoped(encoder, 'backbone'), images, { training: true });
        return head.apply(scoped(encoder, 'globalHead'), globalAveragePool(features), { training: true });
      };
      const onDevices = (encoder: typeof state.online, images: tf.Tensor4D) =>
        tf.concat(tf.split<tf.Tensor4D>(images, 2).map((half) => encode(encoder, half)));
      const order = Array.from(contextOf().random.fork('shuffle').permutation(batchSize));
      expect(order).not.toEqual([0, 1, 2, 3]);
      const expected = tf.tidy(() => {
        const query = onDevices(state.online, batch.views[0].images);
        const target = state.target as typeof state.online;
        const shuffled = onDevices(target, tf.gather(batch.views[1].images, order));
        const keys = tf.gather(
          shuffled,
          order.map((_, image) => order.indexOf(image)),
        );
        return infoNce(query, keys, (state.queues.image as { keys: tf.Tensor2D }).keys);
      });
      expect(parts).toHaveLength(1);
      expect(parts[0]?.total).toBeCloseTo((await expected.data())[0] as number, 4);
      expect(parts[0]?.image).toBe(parts[0]?.total);
      expected.dispose();
    });
  });

  it('moves the target before it encodes, and the queue after', async () => {
    const method = mocoV2({ ...small, splits: 1 });
    await withState(method, async (state, batch) => {
      expect(await shareMoved(state, () => method.prepare?.(state, contextOf()))).toBeCloseTo(0.1, 5);
      const targets = tf.tidy(() => method.encodeTargets(state, batch, contextOf()));
      expect(Object.keys(targets)).toEqual(['image1']);
      expect(await shareMoved(state, () => method.update(state, targets, contextOf()))).toBe(0);
      const queue = state.queues.image as { keys: tf.Tensor2D; pointer: number };
      expect(queue.pointer).toBe(batchSize);
      const [newest, key] = tf.tidy(() => [
        tf.slice(queue.keys, [0, 0], [batchSize, 8]),
        l2Normalize(targets.image1 as tf.Tensor),
      ]) as [tf.Tensor, tf.Tensor];
      await expect(newest).toBeAllClose(key);
      tf.dispose([newest, key, ...Object.values(targets)]);
    });
  });

  it('gives every online parameter a gradient', async () => {
    const method = mocoV2({ ...small, splits: 2 });
    await withState(method, (state, batch) => expectGradients(method, state, batch));
  });

  it('has one direction’s chance level', async () => {
    const method = mocoV2({ ...small, queueLength: 4095, splits: 1 });
    await withState(method, (state) => expect(method.chanceLoss?.(state)).toBeCloseTo(Math.log(4096), 6));
  });
});
