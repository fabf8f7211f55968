import { resnet } from '@pixcon/backbones';
import {
  type Losses,
  type Method,
  type MethodState,
  RandomStream,
  type StepContext,
  type Targets,
  type ViewPair,
} from '@pixcon/core';
import { valueAndGradients } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';

// What the tests of a method share.

export const batchSize = 4;

export const smallBackbone = resnet({
  block: 'basic',
  layers: [1, 1, 1, 1],
  planes: [4, 4, 8, 8],
  stemChannels: 4,
});

/** Two views of four images, from the same crop to hardly any overlap. */
function makeBatch(): ViewPair {
  const view = (seed: number) => ({
    images: tf.randomNormal([batchSize, 64, 64, 3], 0, 1, 'float32', seed) as tf.Tensor4D,
    geometry: Array.from({ length: batchSize }, (_, i) => ({
      box: { x0: 20 * i * seed, y0: 0, x1: 20 * i * seed + 80, y1: 80 },
      flipped: i % 2 === seed % 2,
    })),
  });
  return { views: [view(1), view(2)], names: ['a', 'b', 'c', 'd'] };
}

export function contextOf(seed = 0): StepContext {
  return { step: 0, targetMomentum: 0.9, random: new RandomStream(seed) };
}

function initialize(method: Method): MethodState {
  return method.initialize({ random: new RandomStream(1), batchSize });
}

/** Makes a state and a batch, runs `use`, and frees all. */
export async function withState<Result>(
  method: Method,
  use: (state: MethodState, batch: ViewPair) => Result | Promise<Result>,
): Promise<Result> {
  const state = initialize(method);
  const batch = makeBatch();
  try {
    return await use(state, batch);
  } finally {
    tf.dispose(batch.views.map(({ images }) => images));
    state.dispose();
  }
}

/** The scalars of each part of a step's loss. */
export function partsOf(
  method: Method,
  state: MethodState,
  batch: ViewPair,
): Promise<Record<string, number>[]> {
  const context = contextOf();
  const scalars = tf.tidy(() =>
    method.losses(state, batch, method.encodeTargets(state, batch, context), context).map((part) => {
      const { total, terms, diagnostics }: Losses = part();
      return { total, ...terms, ...diagnostics };
    }),
  );
  return Promise.all(
    scalars.map(async (part) => {
      const entries = Object.entries(part).map(
        async ([name, scalar]) => [name, (await scalar.data())[0] as number] as const,
      );
      const values = Object.fromEntries(await Promise.all(entries));
      tf.dispose(part);
      return values;
    }),
  );
}

/** Expects that the parts together give every online parameter a gradient, and that nothing is left over. */
export function expectGradients(method: Method, state: MethodState, batch: ViewPair): void {
  const before = tf.memory().numTensors;
  const variables = new Map(state.online.trainable().map(({ name }) => [name, state.online.get(name)]));
  const targets: Targets = tf.tidy(() => method.encodeTargets(state, batch, contextOf()));
  for (const part of method.losses(state, batch, targets, contextOf())) {
    const { value, gradients } = valueAndGradients(() => part().total, variables);
    expect([...gradients.keys()].sort()).toEqual([...variables.keys()].sort());
    tf.dispose([value, [...gradients.values()]]);
  }
  tf.dispose(Object.values(targets));
  expect(tf.memory().numTensors).toBe(before);
}

/** By how much `move` moves the target's first convolution towards an online one that is 1 ahead of it. */
export async function shareMoved(state: MethodState, move: () => void): Promise<number> {
  const name = 'backbone.conv1.weight';
  const [online, target] = [state.online.get(name), state.target?.get(name) as tf.Variable];
  online.assign(tf.tidy(() => tf.add(target, 1)));
  const [start] = await target.data();
  tf.tidy(move);
  const [end] = await target.data();
  return (end as number) - (start as number);
}

/** The mean cosine of rows, by loops. */
export function meanCosine(a: readonly number[][], b: readonly number[][]): number {
  const dot = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, i) => sum + value * (y[i] as number), 0);
  const cosines = a.map((row, i) => {
    const other = b[i] as number[];
    return dot(row, other) / Math.sqrt(dot(row, row) * dot(other, other));
  });
  return cosines.reduce((sum, value) => sum + value, 0) / cosines.length;
}
