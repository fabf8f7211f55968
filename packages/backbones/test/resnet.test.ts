import { ParameterSet, PixconError, RandomStream } from '@pixcon/core';
import { valueAndGradients } from '@pixcon/ops';
import { describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { type ResNetOptions, resnet, resnet18, resnet34, resnet50, resnet101 } from '../src/index.ts';
import { type FixtureTensor, readFixture } from './read-fixture.ts';

extendExpect();

/** PyTorch's OIHW or NCHW to ours. */
function toMemory({ shape, data }: FixtureTensor, kernel: boolean): tf.Tensor {
  return tf.tidy(() => {
    const tensor = tf.tensor(data, shape);
    return shape.length === 4 ? tf.transpose(tensor, kernel ? [2, 3, 1, 0] : [0, 2, 3, 1]) : tf.clone(tensor);
  });
}

/** Weighs a feature map without a stock gradient of a sum. */
const weigh = (y: tf.Tensor, weights: tf.Tensor) =>
  tf.reshape(tf.matMul(tf.reshape(y, [1, y.size]), tf.reshape(weights, [y.size, 1])), []) as tf.Scalar;

const images = (batch: number, size: number, seed = 1) => {
  const random = new RandomStream(seed);
  const data = Float32Array.from({ length: batch * size * size * 3 }, () => random.normal());
  return tf.tensor4d(data, [batch, size, size, 3]);
};

/** A network whose normalizations are not the identity in evaluation mode. */
function scrambled(options: ResNetOptions, seed = 5) {
  const backbone = resnet(options);
  const parameters = ParameterSet.create(backbone.parameters, new RandomStream(seed));
  const random = new RandomStream(seed).fork('buffers');
  for (const { name, shape, role } of backbone.parameters) {
    if (role !== 'buffer' && role !== 'normalization') continue;
    const low = name.endsWith('bias') || name.endsWith('mean') ? -0.3 : 0.5;
    const values = tf.tensor(
      Float32Array.from({ length: shape[0] as number }, () => random.uniform(low, low + 0.7)),
    );
    parameters.get(name).assign(values);
    values.dispose();
  }
  return { backbone, parameters };
}

describeBackends('resnet follows PyTorch', () => {
  it.each(['basic', 'bottleneck', 'small'])('%s: values, running statistics and gradients', async (name) => {
    const { tensors, metadata } = readFixture(name);
    const backbone = resnet(JSON.parse(metadata.options as string) as ResNetOptions);
    const stored = [...tensors.keys()].filter((key) => key.startsWith('init/')).map((key) => key.slice(5));
    expect(new Set(backbone.parameters.map((spec) => spec.name))).toEqual(new Set(stored));
    const parameters = ParameterSet.create(backbone.parameters, new RandomStream(0));
    const read = (key: string, kernel = false) => toMemory(tensors.get(key) as FixtureTensor, kernel);
    for (const { name, layout } of backbone.parameters) {
      const value = read(`init/${name}`, layout === 'convolution');
      parameters.get(name).assign(value);
      value.dispose();
    }
    const input = tf.variable(read('images')) as tf.Variable<tf.Rank.R4>;
    const weights = read('cotangent');
    const evaluated = backbone.apply(parameters, input as unknown as tf.Tensor4D, { training: false });
    await expect(evaluated).toBeAllClose(read('evaluate'), { relative: 1e-4, absolute: 1e-4 });
    let trained: tf.Tensor | undefined;
    const variables = new Map<string, tf.Variable>(
      parameters.specs
        .filter(({ role }) => role !== 'buffer')
        .map(({ name }) => [name, parameters.get(name)]),
    );
    variables.set('images', input);
    const { gradients } = valueAndGradients(() => {
      const y = backbone.apply(parameters, input as unknown as tf.Tensor4D, { training: true });
      trained = tf.keep(tf.clone(y));
      return weigh(y, weights);
    }, variables);
    await expect(trained as tf.Tensor).toBeAllClose(read('train'), { relative: 1e-3, absolute: 1e-4 });
    for (const { name, role } of backbone.parameters) {
      if (role === 'buffer') {
        await expect(parameters.get(name), name).toBeAllClose(read(`after/${name}`), {
          relative: 1e-4,
          absolute: 1e-5,
        });
      }
    }
    expect(gradients.size).toBe(variables.size);
    for (const [name, gradient] of gradients) {
      const expected = read(`grad/${name}`, name !== 'images');
      const largest = Math.max(...Array.from(await expected.data(), Math.abs));
      await expect(gradient, name).toBeAllClose(expected, { relative: 0, absolute: 1e-3 * largest + 1e-6 });
    }
    parameters.dispose();
  });
});

describeBackends('resnet', () => {
  it.each([
    ['basic', 32, [16, 16, 8, 4, 2]],
    ['basic', 8, [16, 16, 8, 8, 8]],
    ['bottleneck', 16, [16, 16, 8, 4, 4]],
    ['bottleneck', 8, [16, 16, 8, 8, 8]],
  ] as const)('has the shapes it declares: %s, output stride %i', (block, outputStride, sides) => {
    const backbone = resnet({
      block,
      layers: [1, 1, 1, 1],
      planes: [2, 3, 4, 5],
      stemChannels: 3,
      outputStride,
    });
    const parameters = ParameterSet.create(backbone.parameters, new RandomStream(1));
    const input = images(1, 64);
    const names = backbone.stages.map((stage) => stage.name);
    expect(names).toEqual(['stem', 'layer1', 'layer2', 'layer3', 'layer4']);
    const maps = backbone.features(parameters, input, names, { training: false });
    expect(maps.map((map) => map.shape)).toEqual(
      backbone.stages.map(({ channels }, i) => [1, sides[i], sides[i], channels]),
    );
    expect(backbone.stages.map(({ stride }) => 64 / stride)).toEqual(sides);
    expect(backbone.stride).toBe(64 / sides[4]);
    tf.dispose([maps, input]);
    parameters.dispose();
  });

  it.each(['basic', 'bottleneck'] as const)(
    '%s: dilation only fills in between the coarse cells',
    async (block) => {
      const options: ResNetOptions = { block, layers: [1, 2, 2, 2], planes: [3, 4, 5, 6] };
      const { backbone, parameters } = scrambled(options);
      const input = images(2, 64);
      const coarse = backbone.apply(parameters, input, { training: false });
      for (const outputStride of [16, 8] as const) {
        const finer = resnet({ ...options, outputStride });
        expect(finer.parameters.map(({ name, shape }) => [name, shape])).toEqual(
          backbone.parameters.map(({ name, shape }) => [name, shape]),
        );
        const fine = finer.apply(parameters, input, { training: false });
        const step = 32 / outputStride;
        await expect(tf.stridedSlice(fine, [0, 0, 0, 0], fine.shape, [1, step, step, 1])).toBeAllClose(
          coarse,
          {
            relative: 1e-3,
            absolute: 1e-4,
          },
        );
        fine.dispose();
      }
      tf.dispose([coarse, input]);
      parameters.dispose();
    },
  );

  it('keeps the resolution of small images with the small stem', () => {
    const backbone = resnet({ block: 'basic', layers: [1, 1, 1, 1], planes: [2, 2, 2, 2], stem: 'small' });
    const parameters = ParameterSet.create(backbone.parameters, new RandomStream(1));
    expect(backbone.stages.map(({ stride }) => stride)).toEqual([1, 1, 2, 4, 8]);
    const y = tf.tidy(() => backbone.apply(parameters, images(1, 32), { training: false }));
    expect(y.shape).toEqual([1, 4, 4, 2]);
    y.dispose();
    parameters.dispose();
  });

  it('gives stages in the order asked for, and computes no deeper', async () => {
    const { backbone, parameters } = scrambled({
      block: 'basic',
      layers: [2, 1, 1, 1],
      planes: [2, 3, 4, 5],
    });
    const input = images(1, 33);
    const mode = { training: false };
    const [second, first] = backbone.features(parameters, input, ['layer2', 'layer1'], mode);
    expect([first?.shape, second?.shape]).toEqual([[1, 9, 9, 2], [1, 5, 5, 3]]); // biome-ignore format: two shapes
    const [stem, last] = backbone.features(parameters, input, ['stem', 'layer4'], mode);
    const applied = backbone.apply(parameters, input, mode);
    await expect(last as tf.Tensor).toBeAllClose(applied);
    expect(stem?.shape).toEqual([1, 9, 9, 2]);
    tf.dispose([first, second, stem, last, applied] as tf.Tensor[]);
    parameters.get('layer4.0.conv1.weight').dispose();
    tf.dispose(backbone.features(parameters, input, ['layer1'], mode));
    input.dispose();
  });

  it('leaks nothing, in either mode, with and without a tape', () => {
    const { backbone, parameters } = scrambled({ block: 'bottleneck', layers: [1, 2, 1], planes: [2, 2, 3] });
    const input = images(2, 33);
    const variables = new Map(parameters.trainable().map(({ name }) => [name, parameters.get(name)]));
    const step = () => {
      const { value, gradients } = valueAndGradients(() => {
        const y = backbone.apply(parameters, input, { training: true });
        return weigh(y, tf.ones(y.shape));
      }, variables);
      tf.dispose([value, ...gradients.values()]);
    };
    step();
    expectNoLeaks(step);
    expectNoLeaks(() => backbone.apply(parameters, input, { training: false }).dispose());
    expectNoLeaks(() =>
      tf.dispose(backbone.features(parameters, input, ['stem', 'layer2'], { training: true })),
    );
    input.dispose();
    parameters.dispose();
  });

  it('names the mistake', () => {
    const { backbone, parameters } = scrambled({ block: 'basic', layers: [1], planes: [2] });
    const grey = tf.zeros([1, 8, 8, 1]) as tf.Tensor4D;
    const mode = { training: false };
    expect(() => backbone.apply(parameters, grey, mode)).toThrow('images must have shape [any, any, any, 3]');
    expect(() => backbone.features(parameters, grey, ['layer9'], mode)).toThrow(PixconError);
    grey.dispose();
    parameters.dispose();
  });
});

describe('the named ResNets', () => {
  it.each([
    [resnet18, 60, 20],
    [resnet34, 108, 36],
    [resnet50, 159, 53],
    [resnet101, 312, 104],
  ] as const)('%o has as many tensors as torchvision’s', (make, trainable, normalizations) => {
    const { parameters } = make();
    const count = (role: 'buffer' | 'trainable') =>
      parameters.filter((spec) => (spec.role === 'buffer') === (role === 'buffer')).length;
    expect(count('trainable')).toBe(trainable);
    expect(count('buffer')).toBe(2 * normalizations);
  });

  it('start from the variance of kaiming fan-out', () => {
    const spec = resnet18().parameters.find(({ name }) => name === 'layer2.1.conv1.weight');
    const random = new RandomStream(3);
    const values = Array.from({ length: 256 * 128 * 9 }, (_, index) => spec?.initialize(random, index) ?? 0);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(mean).toBeCloseTo(0, 3);
    expect(variance / (2 / (128 * 9))).toBeCloseTo(1, 1);
  });
});
