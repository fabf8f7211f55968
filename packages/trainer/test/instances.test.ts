import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resnet } from '@pixcon/backbones';
import { RandomStream, type View, type ViewPair } from '@pixcon/core';
import { syntheticScenes } from '@pixcon/datasets';
// biome-ignore lint/style/noRestrictedImports: the package knows methods by their interface; its tests train real ones
import { univip } from '@pixcon/methods';
import { sgd } from '@pixcon/optimizers';
import { describeBackends, expectNoLeaks } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { pretrain, trainStep } from '../src/index.ts';
import { readMetrics, tinyOptions } from './tiny-run.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pixcon-instances-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const scenes = syntheticScenes({ count: 8, size: 48, seed: 2 });

/** A UniVIP of a few thousand parameters. */
function tinyUniVIP() {
  const backbone = resnet({
    block: 'basic',
    layers: [1, 1],
    planes: [4, 8],
    stemChannels: 4,
    stem: 'small',
    outputStride: 16,
  });
  return univip({ backbone, instanceCount: 2, instanceSize: 12, hidden: 8, dim: 8 });
}

function randomBatch(images: number): ViewPair {
  const view = (count: number, seed: number): View => ({
    images: tf.randomNormal([count, 16, 16, 3], 0, 1, 'float32', seed) as tf.Tensor4D,
    geometry: Array.from({ length: count }, (_, i) => ({
      box: { x0: i, y0: 0, x1: i + 30, y1: 30 },
      flipped: i % 2 === 0,
    })),
  });
  const names = Array.from({ length: images }, (_, i) => `${i}`);
  return { views: [view(images, 1), view(images, 2)], instances: view(2 * images, 3), names };
}

/** Images `first` to `end` with what belongs to them. */
function part({ views, instances, names }: ViewPair, first: number, end: number): ViewPair {
  const cut = ({ images, geometry }: View, each: number): View => ({
    images: tf.slice(images, first * each, (end - first) * each),
    geometry: geometry.slice(first * each, end * each),
  });
  return {
    views: [cut(views[0], 1), cut(views[1], 1)],
    instances: cut(instances as View, 2),
    names: names.slice(first, end),
  };
}

function disposeBatch({ views, instances }: ViewPair): void {
  tf.dispose([views.map(({ images }) => images), instances?.images]);
}

/** The scalars of one step from the same start. */
async function stepOn(batch: ViewPair, accumulate: number): Promise<Record<string, number>> {
  const method = tinyUniVIP();
  const state = method.initialize({ random: new RandomStream(1), batchSize: batch.names.length });
  const optimizer = sgd();
  const random = new RandomStream(2);
  const scalars = trainStep(method, state, optimizer, batch, {
    step: 0,
    learningRate: 0.1,
    targetMomentum: 0.9,
    random,
    accumulate,
  });
  const values: Record<string, number> = {};
  for (const [name, x] of Object.entries(scalars)) values[name] = (await x.data())[0] as number;
  tf.dispose(scalars);
  optimizer.dispose();
  state.dispose();
  return values;
}

describeBackends('a method that asks for instances', (backend) => {
  it('gets those of its images where a batch is computed in parts', async () => {
    const batch = randomBatch(4);
    const [first, second] = [part(batch, 0, 2), part(batch, 2, 4)];
    const [one, other] = [await stepOn(first, 1), await stepOn(second, 1)];
    const both = await stepOn(batch, 2);
    expect(Object.keys(both).sort()).toEqual([
      'featureDeviation',
      'instance',
      'loss',
      'scene',
      'sceneInstance',
    ]);
    for (const [name, value] of Object.entries(both)) {
      expect(value, name).toBeCloseTo(((one[name] as number) + (other[name] as number)) / 2, 4);
    }
    await expectNoLeaks(() => stepOn(batch, 2));
    for (const each of [batch, first, second]) disposeBatch(each);
  });

  it('is resumed bit for bit', async () => {
    const [whole, pieces] = [join(folder, 'whole'), join(folder, 'pieces')];
    const options = { ...tinyOptions, epochs: 2, resume: true };
    const before = tf.memory().numTensors;
    (await pretrain(tinyUniVIP(), scenes, { ...options, out: whole })).state.dispose();
    expect(tf.memory().numTensors).toBe(before);

    const controller = new AbortController();
    const stopped = pretrain(tinyUniVIP(), scenes, {
      ...options,
      out: pieces,
      signal: controller.signal,
      onEvent: (event) => {
        if (event.type === 'step' && event.step >= 3) controller.abort();
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: 'interrupted' });
    (await pretrain(tinyUniVIP(), scenes, { ...options, out: pieces })).state.dispose();

    const metrics = await readMetrics(whole);
    expect(metrics).toHaveLength(4);
    expect(await readMetrics(pieces)).toEqual(metrics);
    for (const file of ['checkpoint.safetensors', 'backbone.safetensors', 'config.json']) {
      const [one, other] = await Promise.all([whole, pieces].map((out) => readFile(join(out, file))));
      expect(one?.equals(other as Buffer), file).toBe(true);
    }
  });

  // 16 steps: too many for software adapters of WebGPU.
  if (backend !== 'cpu' && backend !== 'webgpu') {
    it('learns on scenes', async () => {
      const losses: number[] = [];
      const { state } = await pretrain(tinyUniVIP(), scenes, {
        ...tinyOptions,
        epochs: 8,
        logEverySteps: 1,
        onEvent: (event) => {
          if (event.type === 'step') losses.push(event.metrics?.loss as number);
        },
      });
      state.dispose();
      const mean = (values: readonly number[]) =>
        values.reduce((sum, value) => sum + value, 0) / values.length;
      expect(losses).toHaveLength(16);
      expect(mean(losses.slice(-4))).toBeLessThan(0.9 * mean(losses.slice(0, 4)));
    });
  }
});
