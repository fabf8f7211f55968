import { ParameterSet, RandomStream } from '@pixcon/core';
import { valueAndGradients } from '@pixcon/ops';
import { describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { resnet, resnet18, resnet34, resnet50, resnet101 } from './index.ts';

extendExpect();

describe('standard architectures', () => {
  it.each([
    [resnet18, 11_176_512, 512],
    [resnet34, 21_284_672, 512],
    [resnet50, 23_508_032, 2048],
    [resnet101, 42_500_160, 2048],
  ] as const)('%o has torchvision’s parameters', (make, count, channels) => {
    const backbone = make();
    const trainable = backbone.parameters.filter(({ role }) => role !== 'buffer');
    expect(trainable.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)).toBe(count);
    expect(backbone.channels).toBe(channels);
    expect(backbone.stages.map(({ stride }) => stride)).toEqual([4, 4, 8, 16, 32]);
  });

  it('uses torchvision’s names', () => {
    const names = resnet50().parameters.map(({ name }) => name);
    for (const name of [
      'conv1.weight',
      'bn1.running_var',
      'layer1.0.downsample.1.bias',
      'layer3.5.conv3.weight',
    ]) {
      expect(names).toContain(name);
    }
    expect(new Set(names).size).toBe(names.length);
    expect(names).not.toContain('layer1.1.downsample.0.weight');
  });
});

describe('options', () => {
  it('names what does not fit', () => {
    expect(() => resnet({ block: 'basic', layers: [1, 1], planes: [8] })).toThrow(
      /planes must give the width/,
    );
    expect(() => resnet({ block: 'wide' as never, layers: [1] })).toThrow(
      /block must be one of basic, bottleneck/,
    );
    expect(() => resnet({ block: 'basic', layers: [1], outputStride: 4 as never })).toThrow(/outputStride/);
    expect(() => resnet({ block: 'basic', layers: [1], precision: 'fp16' as never })).toThrow(
      /precision must be one of full, mixed/,
    );
    expect(() => resnet({ block: 'basic', layers: [1], planes: [6], precision: 'mixed' })).toThrow(
      /mixed precision takes widths that are multiples of 4, got 6/,
    );
  });
});

const tiny = { planes: [4, 6, 8, 10], stemChannels: 4 } as const;

describeBackends('resnet', () => {
  it('with splits, sees each run of images by itself', async () => {
    const backbone = resnet({ block: 'basic', layers: [1, 1], ...tiny });
    const parameters = ParameterSet.create(backbone.parameters, new RandomStream(3));
    const images = tf.randomNormal([4, 32, 32, 3], 0, 1, 'float32', 4) as tf.Tensor4D;
    await expectNoLeaks(async () => {
      const split = backbone.apply(parameters, images, { training: true, splits: 2 });
      const each = tf.tidy(() =>
        tf.concat(
          tf
            .split<tf.Tensor4D>(images, 2)
            .map((half) => backbone.apply(parameters, half, { training: true })),
        ),
      );
      const whole = backbone.apply(parameters, images, { training: true });
      await expect(split).toBeAllClose(each, { relative: 1e-3, absolute: 1e-3 });
      await expect(async () => await expect(split).toBeAllClose(whole, { absolute: 1e-2 })).rejects.toThrow();
      tf.dispose([split, each, whole]);
    });
    expect(() => backbone.apply(parameters, images, { training: true, splits: 3 })).toThrow(/splits must/);
    images.dispose();
    parameters.dispose();
  });

  it.each([
    [32, 2],
    [16, 4],
    [8, 8],
  ] as const)('output stride %i gives %i cells a side of 64 pixels', (outputStride, cells) => {
    for (const block of ['basic', 'bottleneck'] as const) {
      const backbone = resnet({ block, layers: [1, 1, 2, 1], ...tiny, outputStride });
      const parameters = ParameterSet.create(backbone.parameters, new RandomStream(1));
      const images = tf.randomUniform([2, 64, 64, 3]) as tf.Tensor4D;
      const output = backbone.apply(parameters, images, { training: true });
      expect(output.shape).toEqual([2, cells, cells, block === 'basic' ? 10 : 40]);
      expect(backbone.stride).toBe(outputStride);
      tf.dispose([output, images]);
      parameters.dispose();
    }
  });

  it('hides no NaN of a weight or statistic', async () => {
    // With the stem's pooling.
    const backbone = resnet({ block: 'basic', layers: [1], planes: [4] });
    const parameters = ParameterSet.create(backbone.parameters, new RandomStream(3));
    const images = tf.randomNormal<tf.Rank.R4>([2, 16, 16, 3], 0, 1, 'float32', 4);
    for (const { name, role } of backbone.parameters) {
      const variable = parameters.get(name);
      const sound = (await variable.data<'float32'>()).slice();
      const set = (values: Float32Array) => tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
      set(sound.map((value, i) => (i === 1 ? Number.NaN : value)));
      // Statistics of the batch take the place of the running ones in training.
      for (const training of role === 'buffer' ? [false] : [true, false]) {
        const map = tf.tidy(() => backbone.apply(parameters, images, { training }));
        expect((await map.data()).some(Number.isNaN), `${name}, training: ${training}`).toBe(true);
        map.dispose();
      }
      set(sound);
    }
    parameters.dispose();
    images.dispose();
  });

  it('gives the feature maps of any stage, in the order asked for', () => {
    const backbone = resnet({ block: 'basic', layers: [1, 1, 1, 1], ...tiny });
    const parameters = ParameterSet.create(backbone.parameters, new RandomStream(2));
    const images = tf.randomUniform([1, 65, 43, 3]) as tf.Tensor4D;
    const maps = backbone.features(parameters, images, ['layer3', 'stem', 'layer3'], { training: false });
    expect(maps.map(({ shape }) => shape)).toEqual([
      [1, 5, 3, 8],
      [1, 17, 11, 4],
      [1, 5, 3, 8],
    ]);
    expect(() => backbone.features(parameters, images, ['layer9'], { training: false })).toThrow(
      /got layer9/,
    );
    tf.dispose([maps, images]);
    parameters.dispose();
  });

  it('moves the running statistics in training only', async () => {
    const backbone = resnet({ block: 'basic', layers: [1], ...tiny });
    const parameters = ParameterSet.create(backbone.parameters, new RandomStream(3));
    const images = tf.randomUniform([2, 32, 32, 3]) as tf.Tensor4D;
    const mean = async () => Array.from(await parameters.get('bn1.running_mean').data());
    backbone.apply(parameters, images, { training: false }).dispose();
    expect(await mean()).toEqual([0, 0, 0, 0]);
    backbone.apply(parameters, images, { training: true }).dispose();
    expect((await mean()).every((value) => value !== 0)).toBe(true);
    images.dispose();
    parameters.dispose();
  });

  it('gives the same with recomputed blocks, to the last bit', async () => {
    const outcome = async (recompute: boolean) => {
      const backbone = resnet({ block: 'bottleneck', layers: [1, 2], ...tiny, recompute });
      const parameters = ParameterSet.create(backbone.parameters, new RandomStream(4));
      const images = tf.randomUniform([2, 32, 32, 3], 0, 1, 'float32', 1) as tf.Tensor4D;
      const variables = new Map(parameters.trainable().map(({ name }) => [name, parameters.get(name)]));
      const { value, gradients } = valueAndGradients(
        () => tf.sum(tf.square(backbone.apply(parameters, images, { training: true }))),
        variables,
      );
      const numbers: Record<string, number[]> = { value: [...(await value.data())] };
      for (const [name, gradient] of gradients) numbers[name] = [...(await gradient.data())];
      for (const [name, buffer] of parameters.entries()) {
        if (/running/.test(name)) numbers[name] = [...(await buffer.data())];
      }
      tf.dispose([value, [...gradients.values()], images]);
      parameters.dispose();
      return numbers;
    };
    const plain = await outcome(false);
    expect(Object.keys(plain)).toContain('layer2.1.conv3.weight');
    expect(await outcome(true)).toEqual(plain);
  });

  it('sends a gradient to every parameter and leaks nothing', async () => {
    for (const options of [
      { block: 'basic', outputStride: 32 },
      { block: 'bottleneck', outputStride: 16 },
    ] as const) {
      const backbone = resnet({ ...options, layers: [1, 1, 2, 2], ...tiny });
      const parameters = ParameterSet.create(backbone.parameters, new RandomStream(4));
      const images = tf.randomUniform([2, 64, 64, 3]) as tf.Tensor4D;
      const variables = new Map(parameters.trainable().map(({ name }) => [name, parameters.get(name)]));
      const run = () =>
        valueAndGradients(
          () => tf.sum(tf.square(backbone.apply(parameters, images, { training: true }))),
          variables,
        );
      const { value, gradients } = run();
      for (const [name, gradient] of gradients) {
        const values = await gradient.data();
        expect(values.every(Number.isFinite), name).toBe(true);
        expect(
          values.some((entry) => entry !== 0),
          name,
        ).toBe(true);
      }
      expect(gradients.size).toBe(variables.size);
      tf.dispose([value, [...gradients.values()]]);
      await expectNoLeaks(() => {
        const again = run();
        tf.dispose([again.value, [...again.gradients.values()]]);
      });
      images.dispose();
      parameters.dispose();
    }
  });
});
