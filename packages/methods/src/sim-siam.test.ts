import { type Parameters, scoped, type ViewPair } from '@pixcon/core';
import { projectionHead, simSiamProjector } from '@pixcon/heads';
import { negativeCosine } from '@pixcon/losses';
import { globalAveragePool, valueAndGradients } from '@pixcon/ops';
import { describeBackends, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { contextOf, expectGradients, meanCosine, partsOf, smallBackbone, withState } from '../test/small.ts';
import { simSiam } from './index.ts';

extendExpect();

const small = { backbone: smallBackbone, hidden: 16, dim: 8, predictorHidden: 4 } as const;
const training = { training: true };
const projector = simSiamProjector({ inputChannels: 8, hidden: 16, output: 8 });
const predictor = projectionHead({ inputChannels: 8, hidden: 4, output: 8, hiddenBias: false });

function project(online: Parameters, batch: ViewPair, side: 0 | 1): tf.Tensor2D {
  const features = smallBackbone.apply(scoped(online, 'backbone'), batch.views[side].images, training);
  return projector.apply(scoped(online, 'globalHead'), globalAveragePool(features), training);
}

function predict(online: Parameters, z: tf.Tensor2D): tf.Tensor2D {
  return predictor.apply(scoped(online, 'globalPredictor'), z, training);
}

describe('simSiam', () => {
  it('has the published defaults', () => {
    const method = simSiam({ backbone: smallBackbone });
    expect(method.settings).toMatchObject({
      hidden: 2048,
      dim: 2048,
      predictorHidden: 512,
      fixPredictorLearningRate: true,
    });
    expect(method.targetMomentum).toBeUndefined();
    expect(() => simSiam({ ...small, dim: 0 })).toThrow(/output must be a whole number of at least 1/);
  });

  it('says which learning rates stay', () => {
    expect(simSiam(small).fixedLearningRate).toEqual(['globalPredictor.']);
    expect(simSiam({ ...small, fixPredictorLearningRate: false }).fixedLearningRate).toEqual([]);
  });
});

describeBackends('simSiam', () => {
  const method = simSiam(small);

  it('pulls each prediction to the other view’s projection', async () => {
    await withState(method, async (state, batch) => {
      const parts = await partsOf(method, state, batch);
      const [z0, z1, p0, p1] = tf.tidy(() => {
        const [z0, z1] = [project(state.online, batch, 0), project(state.online, batch, 1)];
        return [z0, z1, predict(state.online, z0), predict(state.online, z1)];
      }) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
      const cosines =
        meanCosine(await p0.array(), await z1.array()) + meanCosine(await p1.array(), await z0.array());
      expect(parts).toHaveLength(1);
      expect(parts[0]?.total).toBeCloseTo(-cosines / 2, 4);
      expect(parts[0]?.image).toBe(parts[0]?.total);
      expect(parts[0]?.featureDeviation).toBeGreaterThan(0.1);
      tf.dispose([z0, z1, p0, p1]);
    });
  });

  it('stops the gradient of projections that are targets', async () => {
    await withState(method, async (state, batch) => {
      const variables = new Map(state.online.trainable().map(({ name }) => [name, state.online.get(name)]));
      // Targets from outside the gradient are constants for sure.
      const [z0, z1] = tf.tidy(() => [project(state.online, batch, 0), project(state.online, batch, 1)]) as [
        tf.Tensor2D,
        tf.Tensor2D,
      ];
      const expected = valueAndGradients(() => {
        const [p0, p1] = ([0, 1] as const).map((side) =>
          predict(state.online, project(state.online, batch, side)),
        ) as [tf.Tensor2D, tf.Tensor2D];
        return tf.mul(tf.add(negativeCosine(p0, z1), negativeCosine(p1, z0)), 0.5) as tf.Scalar;
      }, variables);
      const [part] = method.losses(state, batch, {}, contextOf());
      const actual = valueAndGradients(() => part().total, variables);
      await expect(actual.value).toBeAllClose(expected.value);
      for (const [name, gradient] of actual.gradients) {
        const other = expected.gradients.get(name) as tf.Tensor;
        await expect(gradient).toBeAllClose(other, { relative: 1e-3, absolute: 1e-4 });
      }
      for (const { value, gradients } of [actual, expected]) tf.dispose([value, [...gradients.values()]]);
      tf.dispose([z0, z1]);
    });
  });

  it('has neither target nor queue, and changes nothing outside the optimizer', async () => {
    await withState(method, async (state, batch) => {
      expect(state.target).toBeUndefined();
      expect(state.queues).toEqual({});
      expect(method.encodeTargets(state, batch, contextOf())).toEqual({});
      const name = 'backbone.conv1.weight';
      const before = (await state.online.get(name).data()).slice();
      method.update(state, {}, contextOf());
      expect(await state.online.get(name).data()).toEqual(before);
    });
  });

  it('gives every online parameter a gradient', async () => {
    await withState(method, (state, batch) => expectGradients(method, state, batch));
  });
});
