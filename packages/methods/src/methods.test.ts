import { resnet } from '@pixcon/backbones';
import { type Method, RandomStream, type StepContext, type ViewPair } from '@pixcon/core';
import { coordinateMatching, semanticReweighting, similarityMatching } from '@pixcon/matching';
import { valueAndGradients } from '@pixcon/ops';
import { describeBackends } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { denseCL, mocoV2Plus, pixcon, slotcon } from './index.ts';

const backbone = resnet({ block: 'basic', layers: [1, 1, 1, 1], planes: [4, 4, 8, 8], stemChannels: 4 });
const small = { backbone, queueLength: 16, hidden: 16, dim: 8 } as const;

function makeBatch(): ViewPair {
  const view = (seed: number) => ({
    images: tf.randomNormal([4, 64, 64, 3], 0, 1, 'float32', seed) as tf.Tensor4D,
    geometry: Array.from({ length: 4 }, (_, i) => ({
      // From the same crop to hardly any overlap: cells lie in it and outside.
      box: { x0: 20 * i * seed, y0: 0, x1: 20 * i * seed + 80, y1: 80 },
      flipped: i % 2 === seed % 2,
    })),
  });
  return { views: [view(1), view(2)], names: ['a', 'b', 'c', 'd'] };
}

function context(value = 0): StepContext {
  return { step: 0, targetMomentum: 0.9, random: new RandomStream(value) };
}

async function lossesOf(method: Method): Promise<Record<string, number>> {
  const state = method.initialize({ random: new RandomStream(1), batchSize: 4 });
  const batch = makeBatch();
  const values: Record<string, number> = {};
  const scalars = tf.tidy(() => {
    const parts = method.losses(state, batch, method.encodeTargets(state, batch, context()), context());
    const sums: Record<string, tf.Scalar> = {};
    for (const part of parts) {
      const { total, terms, diagnostics } = part();
      for (const [name, scalar] of Object.entries({ total, ...terms, ...diagnostics })) {
        sums[name] = sums[name] ? tf.add(sums[name], scalar) : scalar;
      }
    }
    return sums;
  });
  for (const [name, scalar] of Object.entries(scalars)) values[name] = (await scalar.data())[0] as number;
  tf.dispose([scalars, batch.views.map(({ images }) => images)]);
  state.dispose();
  return values;
}

describe('options', () => {
  it('are checked before anything is made', () => {
    expect(() => pixcon({ ...small, temperature: 0 })).toThrow(/temperature must be a number above 0, got 0/);
    expect(() => pixcon({ ...small, denseWeight: 1.5 })).toThrow(/denseWeight/);
    expect(() => mocoV2Plus({ ...small, targetMomentum: -1 })).toThrow(/targetMomentum/);
  });

  it('appear in the record with their defaults', () => {
    expect(pixcon({ backbone }).settings).toMatchObject({
      queueLength: 'auto',
      temperature: 0.2,
      denseWeight: 0.5,
      hidden: 2048,
      dim: 128,
    });
  });
});

describeBackends('pixcon', () => {
  it('adds its terms up, with λ between image and dense', async () => {
    const half = await lossesOf(pixcon({ ...small }));
    const dense = await lossesOf(pixcon({ ...small, denseWeight: 1 }));
    expect(half.total).toBeCloseTo((half.image ?? 0) + (half.dense ?? 0), 4);
    expect(dense.image).toBe(0);
    expect(dense.total).toBeCloseTo(2 * (half.dense ?? 0), 4);
  });

  it('takes any function of the interface as its matching', async () => {
    const losses = await Promise.all([
      lossesOf(pixcon({ ...small, matching: coordinateMatching() })),
      lossesOf(pixcon({ ...small, matching: similarityMatching() })),
      lossesOf(pixcon({ ...small, matching: semanticReweighting(similarityMatching(), { sharpening: 1 }) })),
      lossesOf(
        pixcon({
          ...small,
          matching: ({ query }) => ({
            index: tf.zeros([query.shape[0], query.shape[1]], 'int32'),
            weight: tf.ones([query.shape[0], query.shape[1]]),
          }),
        }),
      ),
    ]);
    for (const { total } of losses) expect(Number.isFinite(total)).toBe(true);
    expect(new Set(losses.map(({ dense }) => dense)).size).toBe(losses.length);
  });

  it('moves the target towards the online encoder, and only its parameters', async () => {
    const method = pixcon(small);
    const state = method.initialize({ random: new RandomStream(1), batchSize: 4 });
    const name = 'backbone.layer1.0.conv1.weight';
    const online = state.online.get(name);
    const start = Array.from(await online.data());
    online.assign(tf.tidy(() => tf.add(online, 1)));
    const batch = makeBatch();
    const targets = tf.tidy(() => method.encodeTargets(state, batch, context()));
    tf.tidy(() => method.update(state, targets, context()));
    const moved = Array.from((await state.target?.get(name).data()) ?? []);
    for (const [index, value] of moved.entries())
      expect(value).toBeCloseTo((start[index] as number) + 0.1, 5);
    expect(state.target?.has('globalPredictor.0.weight')).toBe(false);
    tf.dispose([targets, batch.views.map(({ images }) => images)]);
    state.dispose();
  });

  it('gives one view’s keys to both queues by a fair coin', async () => {
    const method = pixcon(small);
    const sides = new Set<number>();
    for (const seed of [0, 1, 2, 3, 4, 5]) {
      const state = method.initialize({ random: new RandomStream(1), batchSize: 4 });
      const targets = {
        image0: tf.fill([4, 8], 0),
        image1: tf.fill([4, 8], 1),
        pooled0: tf.fill([4, 8], 0),
        pooled1: tf.fill([4, 8], 1),
      };
      tf.tidy(() => method.update(state, targets, context(seed)));
      const [image] = await (state.queues.image as { keys: tf.Tensor }).keys.data();
      const [dense] = await (state.queues.dense as { keys: tf.Tensor }).keys.data();
      expect(image).toBe(dense);
      expect(state.queues.image?.pointer).toBe(4);
      sides.add(image as number);
      tf.dispose(targets);
      state.dispose();
    }
    expect(sides).toEqual(new Set([0, 1]));
  });

  it('sends no gradient to the target and one to every online parameter', () => {
    for (const method of [pixcon(small), mocoV2Plus(small)]) {
      const state = method.initialize({ random: new RandomStream(1), batchSize: 4 });
      const batch = makeBatch();
      const targets = tf.tidy(() => method.encodeTargets(state, batch, context()));
      const variables = new Map(state.online.trainable().map(({ name }) => [name, state.online.get(name)]));
      for (const part of method.losses(state, batch, targets, context())) {
        const { value, gradients } = valueAndGradients(() => part().total, variables);
        expect([...gradients.keys()].sort()).toEqual([...variables.keys()].sort());
        tf.dispose([value, [...gradients.values()]]);
      }
      tf.dispose([targets, batch.views.map(({ images }) => images)]);
      state.dispose();
    }
  });
});

describeBackends('chance level', () => {
  it('is what features that tell nothing reach', () => {
    const method = pixcon({ ...small, queueLength: 4095 });
    const state = method.initialize({ random: new RandomStream(1), batchSize: 4 });
    expect(method.chanceLoss?.(state)).toBeCloseTo(2 * Math.log(4096), 6);
    state.dispose();
  });

  it.each([
    ['pixcon', pixcon({ ...small, queueLength: 15, denseWeight: 0.2 }), { image: 1.6, dense: 0.4 }],
    [
      'densecl',
      denseCL({ ...small, queueLength: 15, denseWeight: 0.2, splits: 1 }),
      { image: 0.8, dense: 0.2 },
    ],
    [
      'slotcon with cells',
      slotcon({
        ...small,
        queueLength: 15,
        pixelWeight: 0.3,
        contrastHidden: 8,
        contrastDim: 8,
        prototypes: 4,
      }),
      { dense: 0.6 },
    ],
  ] as const)('is told of each term of %s that has one', (_, method, weights) => {
    const state = method.initialize({ random: new RandomStream(1), batchSize: 4 });
    const levels = method.chanceTerms?.(state) ?? {};
    expect(Object.keys(levels)).toEqual(Object.keys(weights));
    for (const [name, weight] of Object.entries(weights))
      expect(levels[name]).toBeCloseTo(weight * Math.log(16), 6);
    const total = method.chanceLoss?.(state);
    if (total !== undefined) {
      const sum = Object.values(levels).reduce((left, right) => left + right);
      expect(sum).toBeCloseTo(total, 6);
    }
    state.dispose();
  });
});
