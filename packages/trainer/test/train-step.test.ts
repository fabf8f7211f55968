import { type Method, RandomStream, type ViewPair } from '@pixcon/core';
import { sgd } from '@pixcon/optimizers';
import { describeBackends, expectNoLeaks } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { trainStep } from '../src/index.ts';
import { tinyMoCo, tinyPixCon } from './tiny-run.ts';

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

/** One step from the same start: its scalars and gradients as numbers. */
function step(method: Method, batch: ViewPair, accumulate: number) {
  const state = method.initialize({ random: new RandomStream(1), batchSize: batch.names.length });
  const optimizer = sgd();
  const gradients: Record<string, number[]> = {};
  const scalars = trainStep(method, state, optimizer, batch, {
    ...context(),
    accumulate,
    onGradients: (all) => {
      for (const [name, gradient] of all) gradients[name] = [...gradient.dataSync()];
    },
  });
  const values = Object.fromEntries(
    Object.entries(scalars).map(([name, scalar]) => [name, scalar.dataSync()[0] as number]),
  );
  const keys = [...(state.queues.image as unknown as { keys: tf.Tensor }).keys.dataSync()];
  tf.dispose(scalars);
  optimizer.dispose();
  state.dispose();
  return { values, gradients, keys };
}

const mean = (a: number, b: number) => (a + b) / 2;

describeBackends('trainStep with accumulate', () => {
  it.each([
    ['PixCon', tinyPixCon],
    ['MoCo-v2+', tinyMoCo],
  ])('is the mean of its parts, and gives all keys to the queue: %s', (_, make) => {
    const batch = makeBatch(4);
    const halves = [part(batch, 0, 2), part(batch, 2, 2)] as const;
    const [first, second] = halves.map((half) => step(make(), half, 1)) as [
      ReturnType<typeof step>,
      ReturnType<typeof step>,
    ];
    const both = step(make(), batch, 2);
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

  it('leaks nothing, and refuses parts of unequal size', () => {
    const batch = makeBatch(4);
    expectNoLeaks(() => void step(tinyPixCon(), batch, 2));
    expect(() => step(tinyPixCon(), batch, 3)).toThrow(/accumulate must divide the batch of 4 images, got 3/);
    disposeBatch(batch);
  });
});

describeBackends('trainStep with a fixed learning rate', () => {
  it('moves the parameters that the method names by it, and the others by the schedule’s', () => {
    const method: Method = { ...tinyMoCo(), fixedLearningRate: ['globalPredictor.'] };
    const batch = makeBatch(4);
    const state = method.initialize({ random: new RandomStream(1), batchSize: 4 });
    const optimizer = sgd();
    const values = () =>
      new Map([...state.online.entries()].map(([name, value]) => [name, [...value.dataSync()]]));
    const before = values();
    const scalars = trainStep(method, state, optimizer, batch, {
      ...context(),
      learningRate: 0,
      fixedLearningRate: 0.1,
    });
    const after = values();
    for (const { name, role } of state.online.specs) {
      if (role === 'buffer') continue;
      const moved = String(after.get(name)) !== String(before.get(name));
      if (!name.startsWith('globalPredictor.')) expect(moved, name).toBe(false);
      else if (/weight$/.test(name)) expect(moved, name).toBe(true);
    }
    tf.dispose(scalars);
    optimizer.dispose();
    state.dispose();
    disposeBatch(batch);
  });
});
