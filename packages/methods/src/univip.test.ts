import { resnet } from '@pixcon/backbones';
import { type Method, type MethodState, RandomStream, type StepContext, type ViewPair } from '@pixcon/core';
import { valueAndGradients } from '@pixcon/ops';
import { describeBackends, expectNoLeaks } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { byol, univip } from './index.ts';

const backbone = resnet({ block: 'basic', layers: [1, 1], planes: [4, 8], stemChannels: 4, stem: 'small' });
const small = { backbone, instanceCount: 2, instanceSize: 16, hidden: 16, dim: 8 } as const;
const context = (): StepContext => ({ step: 0, targetMomentum: 0.9, random: new RandomStream(0) });

function makeBatch(instances: number | undefined = 8): ViewPair {
  const view = (count: number, side: number, seed: number) => ({
    images: tf.randomNormal([count, side, side, 3], 0, 1, 'float32', seed) as tf.Tensor4D,
    geometry: Array.from({ length: count }, () => ({
      box: { x0: 0, y0: 0, x1: side, y1: side },
      flipped: false,
    })),
  });
  return {
    views: [view(4, 24, 1), view(4, 24, 2)],
    ...(instances && { instances: view(instances, 16, 3) }),
    names: ['a', 'b', 'c', 'd'],
  };
}

function dispose({ views, instances }: ViewPair): void {
  tf.dispose([views.map(({ images }) => images), instances?.images]);
}

/** The terms of one step as numbers, and the gradients summed over its parts. */
async function step(method: Method, state: MethodState, batch: ViewPair) {
  const variables = new Map(state.online.trainable().map(({ name }) => [name, state.online.get(name)]));
  const targets = tf.tidy(() => method.encodeTargets(state, batch, context()));
  const terms: Record<string, number> = {};
  let gradients = new Map<string, tf.Tensor>();
  for (const part of method.losses(state, batch, targets, context())) {
    const kept: Record<string, tf.Tensor> = {};
    const run = () => {
      const { total, terms } = part();
      for (const [name, term] of Object.entries({ total, ...terms })) kept[name] = tf.keep(tf.clone(term));
      return total;
    };
    const result = valueAndGradients(run, variables, gradients);
    gradients = result.gradients;
    for (const [name, term] of Object.entries(kept)) {
      terms[name] = (terms[name] ?? 0) + ((await term.data())[0] as number);
    }
    tf.dispose([result.value, kept]);
  }
  return { terms, gradients, targets };
}

describe('the options of univip', () => {
  it('are checked, and appear in the record with their defaults', () => {
    expect(univip({ backbone }).settings).toEqual({
      backbone: backbone.name,
      instanceCount: 4,
      instanceSize: 96,
      hidden: 4096,
      dim: 256,
      targetMomentum: 0.99,
      epsilon: 0.1,
      iterations: 50,
    });
    expect(univip(small).instances).toEqual({ count: 2, size: 16 });
    expect(() => univip({ ...small, instanceCount: 0 })).toThrow('instanceCount');
    expect(() => univip({ ...small, epsilon: 0 })).toThrow('epsilon');
    expect(() => univip({ ...small, targetMomentum: 2 })).toThrow('targetMomentum');
  });
});

describeBackends('univip', (backend) => {
  it('adds up its terms, the first of which is BYOL’s', async () => {
    const batch = makeBatch();
    const random = new RandomStream(1);
    const state = univip(small).initialize({ random, batchSize: 4 });
    const other = byol({ backbone, hidden: 16, dim: 8 });
    const otherState = other.initialize({ random, batchSize: 4 });
    const { terms, gradients, targets } = await step(univip(small), state, batch);
    const reference = await step(other, otherState, batch);
    expect(Object.keys(terms).sort()).toEqual(['instance', 'scene', 'sceneInstance', 'total']);
    const { scene = 0, sceneInstance = 0, instance = 0, total } = terms;
    expect(total).toBeCloseTo(scene + sceneInstance + instance, 4);
    expect(scene).toBeCloseTo(reference.terms.total as number, 4);
    expect(instance).toBeGreaterThan(0);
    expect(instance).toBeLessThan(2);
    expect(targets.instances?.shape).toEqual([8, 8]);
    tf.dispose([targets, reference.targets, [...gradients.values()], [...reference.gradients.values()]]);
    dispose(batch);
    state.dispose();
    otherState.dispose();
  });

  it('sends a gradient that is not zero to every online parameter', async () => {
    const method = univip(small);
    const state = method.initialize({ random: new RandomStream(1), batchSize: 4 });
    const batch = makeBatch();
    const { gradients, targets } = await step(method, state, batch);
    const names = state.online.trainable().map(({ name }) => name);
    expect(names).toContain('scenePredictor.0.weight');
    expect([...gradients.keys()].sort()).toEqual([...names].sort());
    for (const [name, gradient] of gradients) {
      const values = [...(await gradient.data())];
      expect(values.every(Number.isFinite), name).toBe(true);
      expect(Math.max(...values.map(Math.abs)), name).toBeGreaterThan(0);
    }
    tf.dispose([targets, [...gradients.values()]]);
    dispose(batch);
    state.dispose();
  });

  it('does not care for the order of instances in the transport, but keeps images apart', async () => {
    const method = univip(small);
    const batch = makeBatch();
    const state = method.initialize({ random: new RandomStream(1), batchSize: 4 });
    const termsOf = async (order: readonly number[]) => {
      const source = batch.instances as NonNullable<ViewPair['instances']>;
      const images = tf.gather(source.images, tf.tensor1d([...order], 'int32'));
      const moved = {
        ...batch,
        instances: { images, geometry: order.map((i) => source.geometry[i] as never) },
      };
      const { terms, gradients, targets } = await step(method, state, moved);
      tf.dispose([images, targets, [...gradients.values()]]);
      return terms;
    };
    const plain = await termsOf([0, 1, 2, 3, 4, 5, 6, 7]);
    const swapped = await termsOf([1, 0, 2, 3, 5, 4, 6, 7]);
    const mixed = await termsOf([2, 1, 0, 3, 4, 5, 6, 7]);
    expect(swapped.instance).toBeCloseTo(plain.instance as number, 4);
    expect(Math.abs((mixed.instance as number) - (plain.instance as number))).toBeGreaterThan(1e-4);
    expect(Math.abs((swapped.sceneInstance as number) - (plain.sceneInstance as number))).toBeGreaterThan(
      1e-4,
    );
    dispose(batch);
    state.dispose();
  });

  it('learns a batch by heart, without leaks', async () => {
    const method = univip(small);
    const state = method.initialize({ random: new RandomStream(1), batchSize: 4 });
    const batch = makeBatch();
    const totals: number[] = [];
    const train = async () => {
      const { terms, gradients, targets } = await step(method, state, batch);
      totals.push(terms.total as number);
      for (const [name, gradient] of gradients) {
        const variable = state.online.get(name);
        const moved = tf.tidy(() => tf.sub(variable, tf.mul(gradient, 0.1)));
        variable.assign(moved);
        moved.dispose();
      }
      tf.tidy(() => method.update(state, targets, context()));
      tf.dispose([targets, [...gradients.values()]]);
    };
    await train();
    await expectNoLeaks(train);
    // Software adapters of WebGPU take a second for a step.
    const [rounds, share] = backend === 'webgpu' ? [4, 0.9] : [18, 0.6];
    for (let i = 0; i < rounds; i++) await train();
    const last = totals.slice(-3).reduce((sum, value) => sum + value / 3, 0);
    expect(last).toBeLessThan(share * (totals[0] as number));
    dispose(batch);
    state.dispose();
  });

  it('has a target without predictors, and says what a batch lacks', () => {
    const method = univip(small);
    const state = method.initialize({ random: new RandomStream(1), batchSize: 4 });
    expect([...(state.target?.entries() ?? [])].filter(([name]) => name.includes('Predictor'))).toEqual([]);
    for (const [instances, got] of [
      [0, 'none'],
      [4, '4'],
    ] as const) {
      const batch = makeBatch(instances);
      expect(() => tf.tidy(() => method.encodeTargets(state, batch, context()))).toThrow(
        `a batch of 4 images must bring 8 instances, got ${got}`,
      );
      dispose(batch);
    }
    state.dispose();
  });
});
