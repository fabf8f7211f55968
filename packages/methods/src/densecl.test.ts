import { RandomStream } from '@pixcon/core';
import { similarityMatching } from '@pixcon/matching';
import { describeBackends } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { contextOf, expectGradients, partsOf, shareMoved, smallBackbone, withState } from '../test/small.ts';
import { type DenseCLStepName, denseCL, denseCLLadder, pixcon } from './index.ts';

const small = { backbone: smallBackbone, queueLength: 16, hidden: 16, dim: 8 } as const;
const rows = Object.keys(denseCLLadder) as DenseCLStepName[];

describe('denseCL', () => {
  it('is, by default, the first row of the ladder, with the published numbers', () => {
    const method = denseCL({ backbone: smallBackbone });
    expect(method.settings).toMatchObject({
      ...denseCLLadder.densecl.options,
      matching: { name: 'similarity' },
      queueLength: 'auto',
      temperature: 0.2,
      denseWeight: 0.5,
      hidden: 2048,
      dim: 128,
      targetMomentum: 0.999,
    });
    expect(method.targetMomentumSchedule).toBe('constant');
    const ascending = denseCL({ backbone: smallBackbone, ascendingMomentum: true });
    expect([ascending.targetMomentum, ascending.targetMomentumSchedule]).toEqual([0.99, 'cosine']);
  });

  it('refuses options out of range, and a batch that splits do not divide', () => {
    expect(() => denseCL({ ...small, temperature: 0 })).toThrow(/temperature/);
    expect(() => denseCL({ ...small, denseWeight: -1 })).toThrow(/denseWeight/);
    expect(() => denseCL({ ...small, splits: 0 })).toThrow(/splits must be a whole number/);
    const sizes = { random: new RandomStream(0), batchSize: 12 };
    expect(() => denseCL(small).initialize(sizes)).toThrow(/denseCL: splits must divide the batch of 12/);
  });
});

describe('denseCLLadder', () => {
  it('has the rows of Table 4, each adding one thing to the one before', () => {
    expect(rows).toEqual([
      'densecl',
      'sync-bn',
      'predictors',
      'ascending-momentum',
      'symmetric-loss',
      'byol-augmentation',
    ]);
    const changes = rows.slice(1).map((row, i) => {
      const [before, after] = [denseCLLadder[rows[i] as DenseCLStepName], denseCLLadder[row]];
      const names = Object.keys(after.options) as (keyof typeof after.options)[];
      const changed: string[] = names.filter((name) => after.options[name] !== before.options[name]);
      return before.augmentation === after.augmentation ? changed : [...changed, 'augmentation'];
    });
    expect(changes).toEqual([
      ['splits', 'headNormalization'],
      ['predictors'],
      ['ascendingMomentum'],
      ['symmetric'],
      ['augmentation'],
    ]);
  });
});

describeBackends('denseCL', () => {
  it.each([
    ['densecl', false, false],
    ['sync-bn', true, false],
    ['predictors', true, true],
    ['symmetric-loss', true, true],
  ] as const)('%s has its parts, and a gradient for all of them', async (row, normalization, predictors) => {
    const { options } = denseCLLadder[row];
    const method = denseCL({ ...small, ...options, splits: Math.min(options.splits, 2) });
    await withState(method, (state, batch) => {
      for (const name of ['globalHead', 'denseHead'])
        expect(state.online.has(`${name}.1.weight`)).toBe(normalization);
      for (const name of ['globalPredictor', 'densePredictor']) {
        expect(state.online.has(`${name}.0.weight`)).toBe(predictors);
        expect(state.target?.has(`${name}.0.weight`)).toBe(false);
      }
      expectGradients(method, state, batch);
    });
  });

  it('weighs image and dense loss by λ', async () => {
    const losses = (denseWeight: number) => {
      const method = denseCL({ ...small, splits: 1, denseWeight });
      return withState(method, async (state, batch) => (await partsOf(method, state, batch))[0]);
    };
    const [image, half, dense] = await Promise.all([losses(0), losses(0.5), losses(1)]);
    expect(half?.total).toBeCloseTo(((image?.total ?? 0) + (dense?.total ?? 0)) / 2, 4);
    expect([image?.dense, dense?.image]).toEqual([0, 0]);
  });

  it('becomes PixCon-Sim at the end of its ladder', async () => {
    const last = denseCL({ ...small, ...denseCLLadder['byol-augmentation'].options });
    const sim = pixcon({ ...small, matching: similarityMatching() });
    const [ours, theirs] = await Promise.all(
      [last, sim].map((method) => withState(method, (state, batch) => partsOf(method, state, batch))),
    );
    expect(ours).toEqual(theirs);
    expect(last.targetMomentum).toBe(sim.targetMomentum);
  });

  it('has one direction of the symmetric loss', async () => {
    const common = { ...denseCLLadder['ascending-momentum'].options };
    const [one, both] = await Promise.all(
      [false, true].map((symmetric) => {
        const method = denseCL({ ...small, ...common, symmetric });
        return withState(method, async (state, batch) => ({
          parts: await partsOf(method, state, batch),
          chance: method.chanceLoss?.(state) ?? 0,
        }));
      }),
    );
    expect(one?.parts).toEqual([both?.parts[0]]);
    expect(both?.parts).toHaveLength(2);
    expect(one?.chance).toBeCloseTo(Math.log(17), 6);
    expect(both?.chance).toBeCloseTo(2 * Math.log(17), 6);
  });

  it('moves the target before it encodes, or, where it ascends, after the step', async () => {
    const moves = (ascendingMomentum: boolean) => {
      const method = denseCL({ ...small, splits: 1, ascendingMomentum });
      return withState(method, async (state, batch) => {
        const targets = tf.tidy(() => method.encodeTargets(state, batch, contextOf()));
        const before = await shareMoved(state, () => method.prepare?.(state, contextOf()));
        const after = await shareMoved(state, () => method.update(state, targets, contextOf()));
        tf.dispose(Object.values(targets));
        return [before, after].map((share) => Math.round(share * 1e4) / 1e4);
      });
    };
    expect(await moves(false)).toEqual([0.1, 0]);
    expect(await moves(true)).toEqual([0, 0.1]);
  });

  it('enqueues the second view, or, where the loss is symmetric, either one by a coin', async () => {
    const enqueued = (symmetric: boolean, seed: number) => {
      const method = denseCL({ ...small, splits: 1, symmetric });
      return withState(method, async (state) => {
        const targets = Object.fromEntries(
          [0, 1].flatMap((side) => [
            [`image${side}`, tf.fill([4, 8], side)],
            [`pooled${side}`, tf.fill([4, 8], side)],
          ]),
        ) as Record<string, tf.Tensor>;
        tf.tidy(() => method.update(state, targets, contextOf(seed)));
        const sides = await Promise.all(
          Object.values(state.queues).map(async ({ keys }) => (await keys.data())[0] as number),
        );
        tf.dispose(Object.values(targets));
        expect(new Set(sides).size).toBe(1);
        return sides[0] as number;
      });
    };
    const seeds = [0, 1, 2, 3, 4, 5];
    expect(new Set(await Promise.all(seeds.map((seed) => enqueued(false, seed))))).toEqual(new Set([1]));
    expect(new Set(await Promise.all(seeds.map((seed) => enqueued(true, seed))))).toEqual(new Set([0, 1]));
  });
});
