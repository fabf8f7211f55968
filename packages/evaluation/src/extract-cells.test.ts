import { type Backbone, ParameterSet, RandomStream, type SegmentationDataset } from '@pixcon/core';
import { describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { extractCells } from './extract-cells.ts';
import { scoreCells } from './score-cells.ts';

extendExpect();

/** Mean colour of each cell minus a running mean, which training mode takes from the batch and moves. */
const colour: Backbone = {
  name: 'colour',
  channels: 3,
  stride: 4,
  stages: [
    { name: 'fine', channels: 3, stride: 2 },
    { name: 'cells', channels: 3, stride: 4 },
  ],
  parameters: [
    { name: 'running', shape: [3], layout: 'vector', role: 'buffer', initialize: () => 0 },
    {
      name: 'scale',
      shape: [3],
      layout: 'vector',
      role: 'weight',
      initialize: (_, index) => index + 1,
    },
  ],
  apply: (parameters, images, mode) => colour.features(parameters, images, ['cells'], mode)[0] as tf.Tensor4D,
  features(parameters, images, stages, { training }) {
    const running = parameters.get('running');
    if (training) tf.tidy(() => running.assign(tf.mean(images, [0, 1, 2])));
    return stages.map((stage) =>
      tf.tidy(() => {
        const size = stage === 'fine' ? 2 : 4;
        const centred = tf.sub(images, running) as tf.Tensor4D;
        return tf.mul(tf.avgPool(centred, size, size, 'valid'), parameters.get('scale')) as tf.Tensor4D;
      }),
    );
  },
};

const palette = [
  [250, 10, 20],
  [15, 240, 30],
  [20, 25, 245],
] as const;

/** Images of 4×4-pixel blocks, each block of one class's colour; the last block of each image is void. */
function blocks(count: number, side = 4, noise = 0): SegmentationDataset {
  const random = new RandomStream(9);
  const size = side * 4;
  const images = Array.from({ length: count }, () => {
    const classes = Array.from({ length: side * side }, () => random.integer(0, 3));
    const mask = new Uint8Array(size * size);
    const data = new Uint8Array(size * size * 3);
    for (let pixel = 0; pixel < size * size; pixel++) {
      const block = Math.floor(pixel / size / 4) * side + Math.floor((pixel % size) / 4);
      const label = classes[block] as 0 | 1 | 2;
      mask[pixel] = block === side * side - 1 ? 255 : label;
      for (let channel = 0; channel < 3; channel++) {
        data[pixel * 3 + channel] = palette[label][channel as 0 | 1 | 2] + random.integer(0, noise + 1);
      }
    }
    return { mask, data };
  });
  const at = (index: number) => images[index] as { mask: Uint8Array; data: Uint8Array };
  return {
    length: count,
    classNames: ['red', 'green', 'blue'],
    name: (index) => `image ${index}`,
    load: async (index) => ({ data: at(index).data, width: size, height: size }),
    mask: async (index) => at(index).mask,
  };
}

const plain = { imageSize: 16, mean: [0, 0, 0], standardDeviation: [1, 1, 1] } as const;

describeBackends('extractCells', () => {
  it('gives normalised features, majority labels and images, without void cells', async () => {
    const parameters = ParameterSet.create(colour.parameters, new RandomStream(0));
    const cells = await extractCells(colour, parameters, blocks(3), { ...plain, batchSize: 2 });
    expect(cells.dim).toBe(3);
    expect(cells.labels).toHaveLength(3 * 15);
    expect([...cells.images]).toEqual([0, 1, 2].flatMap((image) => new Array(15).fill(image)));
    const expected = [...cells.labels].flatMap((label) => {
      const scaled = palette[label as 0 | 1 | 2].map((value, channel) => value * (channel + 1));
      return scaled.map((value) => value / Math.hypot(...scaled));
    });
    expect(cells.features).toBeAllClose(expected, { absolute: 1e-5 });
    parameters.dispose();
  });

  it('does not depend on the batch size, and takes the images asked for', async () => {
    const parameters = ParameterSet.create(colour.parameters, new RandomStream(0));
    const dataset = blocks(5, 3, 5);
    const all = await extractCells(colour, parameters, dataset, { imageSize: 24, batchSize: 5 });
    const single = await extractCells(colour, parameters, dataset, { imageSize: 24, batchSize: 1 });
    expect(single.features).toBeAllClose([...all.features], { absolute: 1e-5 });
    expect(single.labels).toEqual(all.labels);
    const some = await extractCells(colour, parameters, dataset, { imageSize: 24, indices: [3, 1] });
    const rows = (image: number) =>
      [...all.images.keys()]
        .filter((row) => all.images[row] === image)
        .flatMap((row) => [...all.features.subarray(row * 3, (row + 1) * 3)]);
    expect(some.features).toBeAllClose([...rows(3), ...rows(1)], { absolute: 1e-5 });
    parameters.dispose();
  });

  it('takes a finer stage', async () => {
    const parameters = ParameterSet.create(colour.parameters, new RandomStream(0));
    const cells = await extractCells(colour, parameters, blocks(1), { ...plain, stage: 'fine' });
    expect(cells.labels).toHaveLength(15 * 4);
    parameters.dispose();
  });

  it('uses the running statistics, or the batch ones without moving the running ones', async () => {
    const parameters = ParameterSet.create(colour.parameters, new RandomStream(0));
    const dataset = blocks(4);
    const running = await extractCells(colour, parameters, dataset, plain);
    const batch = await extractCells(colour, parameters, dataset, { ...plain, statistics: 'batch' });
    expect(await parameters.get('running').data()).toEqual(new Float32Array(3));
    expect(Math.min(...running.features)).toBeGreaterThan(0);
    expect(Math.min(...batch.features)).toBeLessThan(-0.1);
    parameters.dispose();
  });

  it('leaks nothing', async () => {
    const parameters = ParameterSet.create(colour.parameters, new RandomStream(0));
    const dataset = blocks(4);
    await expectNoLeaks(() => extractCells(colour, parameters, dataset, plain));
    await expectNoLeaks(() => extractCells(colour, parameters, dataset, { ...plain, statistics: 'batch' }));
    const broken = { ...dataset, load: () => Promise.reject(new Error('unreadable')) };
    await expectNoLeaks(async () => {
      const extracting = extractCells(colour, parameters, broken, { ...plain, statistics: 'batch' });
      await expect(extracting).rejects.toThrow('unreadable');
    });
    parameters.dispose();
  });

  it('refuses options out of range', async () => {
    const parameters = ParameterSet.create(colour.parameters, new RandomStream(0));
    const extract = (options: object) => extractCells(colour, parameters, blocks(1), options);
    await expect(extract({ imageSize: 0 })).rejects.toThrow('imageSize');
    await expect(extract({ batchSize: 1.5 })).rejects.toThrow('batchSize');
    await expect(extract({ stage: 'layer9' })).rejects.toThrow('one of fine, cells, got layer9');
    await expect(extract({ standardDeviation: [1, 0, 1] })).rejects.toThrow('standardDeviation');
    await expect(extract({ statistics: 'none' })).rejects.toThrow('statistics');
    parameters.dispose();
  });
});

describeBackends('scoreCells', () => {
  it('scores 1 where features tell the classes apart', async () => {
    const parameters = ParameterSet.create(colour.parameters, new RandomStream(0));
    const scores = await scoreCells(colour, parameters, blocks(6, 4, 4), { ...plain, neighbours: 3 });
    expect(scores.meanIoU).toBe(1);
    expect(scores.pixelAccuracy).toBe(1);
    expect([scores.referenceCells, scores.queryCells]).toEqual([45, 45]);
    parameters.dispose();
  });

  it('scores low where they do not', async () => {
    const parameters = ParameterSet.create(colour.parameters, new RandomStream(0));
    parameters.get('scale').assign(tf.zeros([3]));
    const { meanIoU } = await scoreCells(colour, parameters, blocks(6), plain);
    expect(meanIoU).toBeLessThan(0.3);
    parameters.dispose();
  });

  it('takes a split of its own, and refuses one that overlaps or has no label', async () => {
    const parameters = ParameterSet.create(colour.parameters, new RandomStream(0));
    const dataset = blocks(5);
    const scores = await scoreCells(colour, parameters, dataset, { ...plain, reference: [4], query: [0, 2] });
    expect([scores.referenceCells, scores.queryCells]).toEqual([15, 30]);
    await expect(
      scoreCells(colour, parameters, dataset, { ...plain, reference: [0, 1], query: [1] }),
    ).rejects.toThrow('image 1 in both');
    const unlabelled = { ...dataset, mask: () => Promise.resolve(new Uint8Array(256).fill(255)) };
    await expect(scoreCells(colour, parameters, unlabelled, plain)).rejects.toThrow('got 0 in 3 and 0 in 2');
    await expect(scoreCells(colour, parameters, blocks(1), plain)).rejects.toThrow('0 in 0 images');
    parameters.dispose();
  });
});
