import { scoped } from '@pixcon/core';
import { predictor, projectionHead } from '@pixcon/heads';
import { globalAveragePool } from '@pixcon/ops';
import { describeBackends } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  contextOf,
  expectGradients,
  meanCosine,
  partsOf,
  shareMoved,
  smallBackbone,
  withState,
} from '../test/small.ts';
import { byol } from './index.ts';

const small = { backbone: smallBackbone, hidden: 16, dim: 8 } as const;
const training = { training: true };

describe('byol', () => {
  it('has the published defaults', () => {
    const method = byol({ backbone: smallBackbone });
    expect(method.settings).toMatchObject({ hidden: 4096, dim: 256, targetMomentum: 0.99 });
    expect(method.targetMomentumSchedule ?? 'cosine').toBe('cosine');
    expect(() => byol({ ...small, targetMomentum: 1.1 })).toThrow(/targetMomentum/);
  });
});

describeBackends('byol', () => {
  const method = byol(small);

  it('regresses each view’s prediction on the other view’s projection', async () => {
    await withState(method, async (state, batch) => {
      const parts = await partsOf(method, state, batch);
      const head = projectionHead({ inputChannels: 8, hidden: 16, output: 8, outputBias: false });
      const predict = predictor({ dim: 8, hidden: 16, outputBias: false });
      const rows = (side: 0 | 1, encoder: typeof state.online, predicts: boolean) =>
        tf.tidy(() => {
          const { images } = batch.views[side];
          const features = smallBackbone.apply(scoped(encoder, 'backbone'), images, training);
          const z = head.apply(scoped(encoder, 'globalHead'), globalAveragePool(features), training);
          return predicts ? predict.apply(scoped(encoder, 'globalPredictor'), z, training) : z;
        });
      const target = state.target as typeof state.online;
      for (const side of [0, 1] as const) {
        const other = side === 0 ? 1 : 0;
        const [prediction, projection] = [rows(side, state.online, true), rows(other, target, false)];
        const cosine = meanCosine(await prediction.array(), await projection.array());
        expect(parts[side]?.total).toBeCloseTo(2 - 2 * cosine, 4);
        tf.dispose([prediction, projection]);
      }
      expect(parts).toHaveLength(2);
    });
  });

  it('moves the target after the step, has no queue, and biases but in its last layers', async () => {
    await withState(method, async (state) => {
      expect(method.prepare).toBeUndefined();
      expect(await shareMoved(state, () => method.update(state, {}, contextOf()))).toBeCloseTo(0.1, 5);
      expect(state.queues).toEqual({});
      for (const name of ['globalHead', 'globalPredictor']) {
        expect([state.online.has(`${name}.0.bias`), state.online.has(`${name}.3.bias`)]).toEqual([
          true,
          false,
        ]);
        expect(state.target?.has(`${name}.0.bias`)).toBe(name === 'globalHead');
      }
    });
  });

  it('gives every online parameter a gradient', async () => {
    await withState(method, (state, batch) => expectGradients(method, state, batch));
  });
});
