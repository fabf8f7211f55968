import { type Method, RandomStream, type ViewPair } from '@pixcon/core';
import { type LossScale, lars, lossScale, sgd } from '@pixcon/optimizers';
import { describeBackends, expectNoLeaks } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { trainStep } from '../src/index.ts';
import { tinyMixed, tinyMoCo, tinyMoCoMixed, tinyPixCon, tinySlotConMixed } from './tiny-run.ts';

function makeBatch(images: number): ViewPair {
  const view = (seed: number) => ({
    images: tf.randomNormal([images, 16, 16, 3], 0, 1, 'float32', seed) as tf.Tensor4D,
    geometry: Array.from({ length: images }, (_, i) => ({
      box: { x0: 5 * i * seed, y0: 0, x1: 5 * i * seed + 30, y1: 30 },
      flipped: i % 2 === 0,
    })),
  });
  return { views: [view(1), view(2)], names: Array.from({ length: images }, (_, i) => `${i}`) };
}

const part = ({ views, names }: ViewPair, first: number, size: number): ViewPair => ({
  views: [
    {
      images: tf.slice(views[0].images, first, size),
      geometry: views[0].geometry.slice(first, first + size),
    },
    {
      images: tf.slice(views[1].images, first, size),
      geometry: views[1].geometry.slice(first, first + size),
    },
  ],
  names: names.slice(first, first + size),
});

const disposeBatch = ({ views }: ViewPair) => tf.dispose(views.map(({ images }) => images));
const context = () => ({ step: 0, learningRate: 0.1, targetMomentum: 0.9, random: new RandomStream(2) });

async function numbersOf(tensors: Iterable<readonly [string, tf.Tensor]>) {
  const numbers: Record<string, number[]> = {};
  for (const [name, tensor] of tensors) numbers[name] = [...(await tensor.data())];
  return numbers;
}

/** One step from the same start: its scalars and gradients as numbers. */
async function step(method: Method, batch: ViewPair, accumulate: number) {
  const state = method.initialize({ random: new RandomStream(1), batchSize: batch.names.length });
  const optimizer = sgd();
  const kept: [string, tf.Tensor][] = [];
  const scalars = trainStep(method, state, optimizer, batch, {
    ...context(),
    accumulate,
    onGradients: (all) => {
      for (const [name, gradient] of all) kept.push([name, tf.keep(tf.clone(gradient))]);
    },
  });
  const gradients = await numbersOf(kept);
  const values: Record<string, number> = {};
  for (const [name, scalar] of Object.entries(scalars)) values[name] = (await scalar.data())[0] as number;
  const keys = [...(await (state.queues.image as unknown as { keys: tf.Tensor }).keys.data())];
  tf.dispose([scalars, kept.map(([, gradient]) => gradient)]);
  optimizer.dispose();
  state.dispose();
  return { values, gradients, keys };
}

const mean = (a: number, b: number) => (a + b) / 2;

describeBackends('trainStep with accumulate', () => {
  it.each([
    ['PixCon', tinyPixCon],
    ['MoCo-v2+', tinyMoCo],
  ])('is the mean of its parts, and gives all keys to the queue: %s', async (_, make) => {
    const batch = makeBatch(4);
    const halves = [part(batch, 0, 2), part(batch, 2, 2)] as const;
    const [first, second] = [await step(make(), halves[0], 1), await step(make(), halves[1], 1)];
    const both = await step(make(), batch, 2);
    for (const [name, value] of Object.entries(both.values)) {
      expect(value, name).toBeCloseTo(mean(first.values[name] as number, second.values[name] as number), 4);
    }
    expect(Object.keys(both.gradients).sort()).toEqual(Object.keys(first.gradients).sort());
    for (const [name, values] of Object.entries(both.gradients)) {
      for (const [i, value] of values.entries()) {
        const expected = mean(first.gradients[name]?.[i] as number, second.gradients[name]?.[i] as number);
        expect(value, name).toBeCloseTo(expected, 4);
      }
    }
    expect(both.keys.slice(0, 32)).toEqual([...first.keys.slice(0, 16), ...second.keys.slice(0, 16)]);
    for (const pair of [batch, ...halves]) disposeBatch(pair);
  });

  it('leaks nothing, and refuses parts of unequal size', async () => {
    const batch = makeBatch(4);
    await expectNoLeaks(async () => void (await step(tinyPixCon(), batch, 2)));
    await expect(async () => await step(tinyPixCon(), batch, 3)).rejects.toThrow(
      /accumulate must divide the batch of 4 images, got 3/,
    );
    disposeBatch(batch);
  });
});

/** A loss whose second part reads but every other parameter. */
const unevenLosses: Method['losses'] = ({ online }) => {
  const names = online.trainable().map(({ name }) => name);
  const squares = (of: readonly string[]) => () => {
    const total = of
      .map((name) => tf.sum<tf.Scalar>(tf.square(online.get(name))))
      .reduce((left, right) => tf.add(left, right));
    return { total, terms: {}, diagnostics: {} };
  };
  return [squares(names), squares(names.filter((_, index) => index % 2 === 0))];
};

describeBackends('trainStep', () => {
  it.each<[string, () => Method]>([
    ['PixCon', tinyPixCon],
    ['a loss whose last part lacks gradients', () => ({ ...tinyPixCon(), losses: unevenLosses })],
  ])('moves parameters alike whether or not someone looks at the gradients: %s', async (_, make) => {
    const batch = makeBatch(4);
    const after: Record<string, number[]>[] = [];
    for (const looks of [true, false]) {
      const method = make();
      const state = method.initialize({ random: new RandomStream(1), batchSize: 4 });
      const optimizer = sgd();
      for (let index = 0; index < 2; index++) {
        const options = { ...context(), ...(looks && { onGradients: () => undefined }) };
        tf.dispose(trainStep(method, state, optimizer, batch, options));
      }
      after.push(await numbersOf(state.online.entries()));
      optimizer.dispose();
      state.dispose();
    }
    const [summed, inParts] = after as [(typeof after)[0], (typeof after)[0]];
    for (const [name, values] of Object.entries(inParts)) {
      for (const [i, value] of values.entries())
        expect(value, name).toBeCloseTo(summed[name]?.[i] as number, 5);
    }
    disposeBatch(batch);
  });
});

describeBackends('trainStep with a fixed learning rate', () => {
  it('moves the parameters that the method names by it, and the others by the schedule’s', async () => {
    const method: Method = { ...tinyMoCo(), fixedLearningRate: ['globalPredictor.'] };
    const batch = makeBatch(4);
    const state = method.initialize({ random: new RandomStream(1), batchSize: 4 });
    const optimizer = sgd();
    const values = () => numbersOf(state.online.entries());
    const before = await values();
    const scalars = trainStep(method, state, optimizer, batch, {
      ...context(),
      learningRate: 0,
      fixedLearningRate: 0.1,
    });
    const after = await values();
    for (const { name, role } of state.online.specs) {
      if (role === 'buffer') continue;
      const moved = String(after[name]) !== String(before[name]);
      if (!name.startsWith('globalPredictor.')) expect(moved, name).toBe(false);
      else if (/weight$/.test(name)) expect(moved, name).toBe(true);
    }
    tf.dispose(scalars);
    optimizer.dispose();
    state.dispose();
    disposeBatch(batch);
  });
});

describeBackends(
  'trainStep in mixed precision',
  () => {
    it('gives the losses of full precision, nearly, and the gradients without the scale', async () => {
      const batch = makeBatch(4);
      const run = async (method: Method, scaling: LossScale | undefined) => {
        const state = method.initialize({ random: new RandomStream(1), batchSize: 4 });
        const optimizer = sgd();
        const losses: number[] = [];
        for (let index = 0; index < 3; index++) {
          const scalars = trainStep(method, state, optimizer, batch, {
            ...context(),
            step: index,
            lossScale: scaling,
          });
          losses.push(...((await scalars.loss?.data()) ?? []));
          if (scaling) {
            expect((await scalars.lossScale?.data())?.[0]).toBe(1024);
            expect((await scalars.overflow?.data())?.[0]).toBe(0);
          }
          tf.dispose(scalars);
        }
        optimizer.dispose();
        state.dispose();
        return losses;
      };
      const scaling = lossScale({ initial: 1024 });
      const [full, mixed] = [await run(tinyPixCon(), undefined), await run(tinyMixed(), scaling)];
      mixed.forEach((loss, i) => {
        expect(Math.abs(loss - (full[i] as number)) / (full[i] as number)).toBeLessThan(0.03);
      });
      expect(mixed).not.toEqual(full);
      scaling.dispose();
      disposeBatch(batch);
    });

    it.each([
      ['SlotCon', tinySlotConMixed, sgd],
      ['MoCo-v2+ with LARS', tinyMoCoMixed, lars],
    ])('trains %s', async (_, make, optimizerOf) => {
      const method = make();
      const batch = makeBatch(4);
      const state = method.initialize({ random: new RandomStream(1), batchSize: 4 });
      const optimizer = optimizerOf();
      const scaling = lossScale();
      for (const accumulate of [1, 2]) {
        const scalars = trainStep(method, state, optimizer, batch, {
          ...context(),
          accumulate,
          lossScale: scaling,
        });
        expect(Number.isFinite((await scalars.loss?.data())?.[0])).toBe(true);
        expect((await scalars.overflow?.data())?.[0]).toBe(0);
        tf.dispose(scalars);
      }
      optimizer.dispose();
      scaling.dispose();
      state.dispose();
      disposeBatch(batch);
    });

    it('moves nothing online where gradients overflow, and leaks nothing', async () => {
      const method = tinyMixed();
      const batch = makeBatch(4);
      const state = method.initialize({ random: new RandomStream(1), batchSize: 4 });
      const optimizer = sgd();
      const scaling = lossScale({ initial: 2 ** 40 });
      const weights = () =>
        numbersOf(state.online.trainable().map(({ name }) => [name, state.online.get(name)] as const));
      const before = await weights();
      const once = async (index: number) => {
        const scalars = trainStep(method, state, optimizer, batch, {
          ...context(),
          step: index,
          lossScale: scaling,
        });
        const values = [
          await scalars.loss?.data(),
          await scalars.lossScale?.data(),
          await scalars.overflow?.data(),
        ];
        tf.dispose(scalars);
        return values.map((value) => value?.[0]);
      };
      const [loss, scale, overflow] = await once(0);
      expect(Number.isFinite(loss)).toBe(true);
      expect([scale, overflow]).toEqual([2 ** 40, 1]);
      expect(await weights()).toEqual(before);
      await expectNoLeaks(async () => {
        expect((await once(1)).slice(1)).toEqual([2 ** 39, 1]);
      });
      optimizer.dispose();
      scaling.dispose();
      state.dispose();
      disposeBatch(batch);
    });
  },
  { backends: ['webgpu'] },
);
