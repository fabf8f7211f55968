import { resnet } from '@pixcon/backbones';
import { type Backbone, ParameterSet, RandomStream, type SegmentationDataset } from '@pixcon/core';
import { syntheticScenes } from '@pixcon/datasets/synthetic';
import { describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { colour, painted, plain } from '../test/painted.ts';
import { cellNearestNeighbours } from './cell-nearest-neighbours.ts';
import type { StatisticsMode } from './frozen-network.ts';
import { imageNearestNeighbours, linearClassification } from './image-classification.ts';
import { linearSegmentation } from './linear-segmentation.ts';
import { keepResized } from './resized-images.ts';

extendExpect();

const create = (backbone: Backbone) => ParameterSet.create(backbone.parameters, new RandomStream(1));
const options = { ...plain, statistics: 'running' } as const;
const tiny = () =>
  resnet({ block: 'basic', layers: [1, 1], planes: [8, 12], stem: 'small', outputStride: 8 });

describeBackends('protocols of labelled images', (backend) => {
  it('score 1 where the features say it all, on every pixel or cell', async () => {
    const parameters = create(colour);
    const dataset = painted(12);
    const linear = await linearSegmentation(colour, parameters, dataset, options);
    // Bilinear logits cross at the edges between blocks of 8 pixels, which cells of 4 pixels share.
    expect(linear.value).toBeGreaterThan(0.97);
    expect(linear.details.pixelAccuracy).toBeGreaterThan(0.98);
    const nearest = await cellNearestNeighbours(colour, parameters, dataset, { ...options, neighbours: 3 });
    expect([nearest.value, nearest.details.pixelAccuracy]).toEqual([1, 1]);
    expect(nearest.perClass).toEqual([1, 1, 1]);
    for (const result of [linear, nearest]) {
      expect(result.chance).toBeGreaterThan(0.05);
      expect(result.chance).toBeLessThan(0.34);
      expect(result.warnings).toEqual([]);
      expect(result).toEqual(JSON.parse(JSON.stringify(result)));
    }
    parameters.dispose();
  });

  it('count each labelled pixel or cell of the validation images once', async () => {
    const parameters = create(colour);
    const split = { train: [0, 1, 2, 3, 4, 5], validation: [6, 7] };
    const sum = (confusion: readonly (readonly number[])[]) => confusion.flat().reduce((a, b) => a + b, 0);
    const linear = await linearSegmentation(colour, parameters, painted(9), { ...options, split });
    expect(sum(linear.confusion)).toBe(2 * (1024 - 64));
    expect(linear.details.trainCells).toBe(6 * 60);
    const nearest = await cellNearestNeighbours(colour, parameters, painted(9), { ...options, split });
    expect(sum(nearest.confusion)).toBe(2 * 60);
    parameters.dispose();
  });

  it('score at chance where the features say nothing', async () => {
    const parameters = create(colour);
    parameters.get('scale').assign(tf.zeros([3]));
    const linear = await linearSegmentation(colour, parameters, painted(12), options);
    expect(linear.value).toBeCloseTo(linear.chance, 6);
    expect(linear.perClass.filter((value) => value === 0)).toHaveLength(2);
    const images = await linearClassification(colour, parameters, painted(12), options);
    expect(images.value).toBeCloseTo(images.chance, 6);
    parameters.dispose();
  });

  it('tell classes of whole images', async () => {
    const parameters = create(colour);
    const dataset = painted(30);
    const linear = await linearClassification(colour, parameters, dataset, options);
    expect(linear.value).toBeGreaterThan(0.8);
    expect(linear.details.top5Accuracy).toBeNull();
    const nearest = await imageNearestNeighbours(colour, parameters, dataset, { ...options, neighbours: 5 });
    expect(nearest.value).toBeGreaterThan(0.8);
    for (const { confusion, value, perClass, details } of [linear, nearest]) {
      const right = confusion.map((row, label) => row[label] as number);
      const counts = confusion.map((row) => row.reduce((a, b) => a + b, 0));
      const images = counts.reduce((a, b) => a + b, 0);
      expect(value).toBeCloseTo(right.reduce((a, b) => a + b, 0) / images, 12);
      const shares = right.map((count, label) => count / (counts[label] as number));
      expect(perClass).toEqual(shares);
      expect(details.meanClassAccuracy).toBeCloseTo(shares.reduce((a, b) => a + b, 0) / 3, 12);
    }
    parameters.dispose();
  });

  it('give the top five of more classes', async () => {
    const parameters = create(colour);
    const classNames = Array.from({ length: 6 }, (_, at) => `c${at}`);
    // Classes 3 to 5 are 0 to 2 under another name: the right one is among two, so always among five.
    const dataset = { ...painted(36), classNames, label: (index: number) => index % 6 };
    const { value, details } = await linearClassification(colour, parameters, dataset, options);
    expect(details.top5Accuracy).toBe(1);
    expect(value).toBeLessThan(0.9);
    parameters.dispose();
  });

  it('run on scenes with a small residual network, decoding each image once for two networks', async () => {
    const backbone = tiny();
    const scenes = syntheticScenes({ count: 12, size: 48, classes: ['striped disc', 'checked square'] });
    let loads = 0;
    const counted: SegmentationDataset = {
      ...scenes,
      load: (index) => {
        loads += 1;
        return scenes.load(index);
      },
    };
    const dataset = keepResized(counted, { imageSize: 32 });
    for (const seed of [1, 2]) {
      const parameters = ParameterSet.create(backbone.parameters, new RandomStream(seed));
      const result = await linearSegmentation(backbone, parameters, dataset, { imageSize: 32, batchSize: 5 });
      expect(result.value).toBeGreaterThan(0.1);
      expect(result.settings).toMatchObject({ statistics: 'running', stage: 'layer2', imageSize: 32 });
      parameters.dispose();
    }
    expect(loads).toBe(12);
  });

  it('depend on the running statistics only where they are used', async () => {
    const backbone = tiny();
    const parameters = create(backbone);
    const dataset = syntheticScenes({ count: backend === 'webgpu' ? 4 : 8, size: 32 });
    const score = (statistics: StatisticsMode) =>
      cellNearestNeighbours(backbone, parameters, dataset, { imageSize: 32, statistics });
    const [running, estimated] = [await score('running'), await score('estimated')];
    for (const { name, role } of backbone.parameters) {
      if (role === 'buffer') tf.tidy(() => parameters.get(name).assign(tf.add(parameters.get(name), 3)));
    }
    expect((await score('estimated')).confusion).toEqual(estimated.confusion);
    expect((await score('running')).confusion).not.toEqual(running.confusion);
    parameters.dispose();
  });

  it('leak nothing, and name what is wrong', async () => {
    const backbone = tiny();
    const parameters = create(backbone);
    const dataset = painted(6);
    for (const protocol of [
      linearSegmentation,
      cellNearestNeighbours,
      linearClassification,
      imageNearestNeighbours,
    ]) {
      // Software adapters of WebGPU are slow; the first takes the way of the others, and tunes statistics before.
      const modes: readonly StatisticsMode[] =
        backend === 'webgpu' ? ['estimated'] : ['estimated', 'running', 'batch'];
      for (const statistics of modes) {
        await expectNoLeaks(() => protocol(backbone, parameters, dataset, { imageSize: 32, statistics }));
      }
      const run = (more: object) => protocol(backbone, parameters, dataset, { imageSize: 32, ...more });
      await expect(run({ split: { train: [0, 1], validation: [1] } })).rejects.toThrow('image 1 in both');
      await expect(run({ split: { train: [], validation: [1] } })).rejects.toThrow('got 0 and 1');
      await expect(run({ stage: 'layer9' })).rejects.toThrow('got layer9');
      await expect(run({ statistics: 'none' })).rejects.toThrow('statistics');
    }
    const unlabelled = { ...dataset, mask: () => Promise.resolve(new Uint8Array(1024).fill(255)) };
    await expect(linearSegmentation(backbone, parameters, unlabelled, { imageSize: 32 })).rejects.toThrow(
      'is void',
    );
    const half = {
      ...dataset,
      mask: async (index: number) =>
        index === 5 ? new Uint8Array(1024).fill(255) : await dataset.mask(index),
    };
    const split = { train: [0, 1, 2], validation: [5] };
    await expect(linearSegmentation(backbone, parameters, half, { imageSize: 32, split })).rejects.toThrow(
      'expected labelled pixels in the validation images',
    );
    // One class everywhere, or on one side: nothing to tell apart, whatever the network.
    const alone = {
      ...dataset,
      mask: async (index: number) => (await dataset.mask(index)).map((label) => (label === 255 ? label : 1)),
      label: () => 1,
    };
    const sided = {
      ...dataset,
      mask: async (index: number) => (index === 5 ? await alone.mask(index) : await dataset.mask(index)),
      label: (index: number) => index % 3,
    };
    for (const protocol of [
      linearSegmentation,
      cellNearestNeighbours,
      linearClassification,
      imageNearestNeighbours,
    ]) {
      const run = (of: typeof dataset) => protocol(backbone, parameters, of, { imageSize: 32, split });
      await expect(run(alone)).rejects.toThrow(/of the images to learn from, got green alone, of 3 classes/);
      await expect(run(sided)).rejects.toThrow(/of the images to score, got \w+ alone/);
    }
    const broken = { ...dataset, load: () => Promise.reject(new Error('unreadable')) };
    await expectNoLeaks(async () => {
      await expect(
        linearSegmentation(backbone, parameters, broken, { imageSize: 32, statistics: 'estimated' }),
      ).rejects.toThrow('unreadable');
    });
    parameters.dispose();
  });
});
