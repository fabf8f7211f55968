import { ParameterSet, RandomStream } from '@pixcon/core';
import { add, batchNormalization, fullPrecision, halfPrecision, valueAndGradients } from '@pixcon/ops';
import { describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { type ResNetOptions, resnet } from './index.ts';

extendExpect();

const tiny = { layers: [1, 1, 1], planes: [8, 8, 16], stemChannels: 8 } as const;

/** Value and gradients of a sum over the features of random images. */
async function trained(options: ResNetOptions, mode: { splits?: number } = {}) {
  const backbone = resnet(options);
  const parameters = ParameterSet.create(backbone.parameters, new RandomStream(4));
  const images = tf.randomNormal([4, 64, 64, 3], 0, 1, 'float32', 1) as tf.Tensor4D;
  const weights = tf.randomNormal([4, 8, 8, backbone.channels], 0, 1, 'float32', 2);
  const variables = new Map(parameters.trainable().map(({ name }) => [name, parameters.get(name)]));
  const run = () =>
    valueAndGradients(() => {
      const map = backbone.apply(parameters, images, { training: true, ...mode });
      return tf.sum(tf.mul(map, tf.slice(weights, 0, map.shape)));
    }, variables);
  const { value, gradients } = run();
  const numbers: Record<string, Float32Array> = {};
  for (const [name, gradient] of gradients) numbers[name] = (await gradient.data()) as Float32Array;
  for (const [name, buffer] of parameters.entries()) {
    if (/running/.test(name)) numbers[name] = (await buffer.data()) as Float32Array;
  }
  const total = (await value.data())[0] as number;
  tf.dispose([value, [...gradients.values()]]);
  await expectNoLeaks(() => {
    const again = run();
    tf.dispose([again.value, [...again.gradients.values()]]);
  });
  tf.dispose([images, weights]);
  parameters.dispose();
  return { total, numbers };
}

/** ‖a − b‖ / ‖b‖. */
function distance(a: Float32Array, b: Float32Array): number {
  const norm = (values: Float32Array) => Math.hypot(...values);
  return norm(a.map((value, i) => value - (b[i] as number))) / Math.max(1e-3, norm(b));
}

describeBackends(
  'mixed precision',
  () => {
    it.each([
      ['bottleneck', { block: 'bottleneck', outputStride: 16 }, {}],
      ['with dilated filters', { block: 'basic', outputStride: 8 }, {}],
      ['with blocks computed again', { block: 'basic', recompute: true }, {}],
      ['with splits', { block: 'basic' }, { splits: 2 }],
    ] as [string, Pick<ResNetOptions, 'block' | 'outputStride' | 'recompute'>, { splits?: number }][])(
      '%s: near full precision',
      async (_, options, mode) => {
        const full = await trained({ ...tiny, ...options }, mode);
        const mixed = await trained({ ...tiny, ...options, precision: 'mixed' }, mode);
        expect(Object.keys(mixed.numbers)).toEqual(Object.keys(full.numbers));
        const away = Object.entries(full.numbers).map(([name, values]) =>
          distance(mixed.numbers[name] as Float32Array, values),
        );
        // A ReLU or a maximum that falls otherwise changes gradients at once: PyTorch's float16 autocast is 11 to 25 %
        // off in the worst parameter of such a network.
        expect(Math.max(...away)).toBeLessThan(0.25);
        expect(Math.abs(mixed.total - full.total)).toBeLessThan(0.01 * Math.abs(full.total) + 0.5);
        // It does round.
        expect(Math.max(...away)).toBeGreaterThan(1e-5);
      },
    );

    it('of what a network computes by itself, sums and evaluation', async () => {
      await expectNoLeaks(async () => {
        const x = tf.randomNormal([2, 3, 3, 8], 0, 1, 'float32', 1) as tf.Tensor4D;
        const ones = tf.ones([8]);
        const variables = [1, 2, 3, 4].map(() => tf.variable(ones as tf.Tensor1D));
        const [scale, offset, runningMean, runningVariance] = variables as [
          tf.Variable<tf.Rank.R1>,
          tf.Variable<tf.Rank.R1>,
          tf.Variable,
          tf.Variable,
        ];
        const parameters = { scale, offset, runningMean, runningVariance };
        const run = (images: tf.Tensor4D) =>
          tf.tidy(() =>
            fullPrecision(
              batchNormalization(add(images, images), parameters, { training: false, relu: true }),
            ),
          );
        const half = halfPrecision(x);
        const [y, expected] = [run(half), run(x)];
        await expect(y).toBeAllClose(expected, { relative: 2e-3, absolute: 2e-3 });
        tf.dispose([x, ones, variables, half, y, expected]);
      });
    });

    it('gives stages in full precision, each by itself', async () => {
      const backbone = resnet({ ...tiny, block: 'basic', precision: 'mixed' });
      const parameters = ParameterSet.create(backbone.parameters, new RandomStream(4));
      const images = tf.randomNormal([2, 32, 32, 3], 0, 1, 'float32', 1) as tf.Tensor4D;
      const maps = backbone.features(parameters, images, ['stem', 'layer1', 'stem'], { training: true });
      const [first, , last] = await Promise.all(maps.map(async (map) => [...(await map.data())]));
      expect(first).toEqual(last);
      tf.dispose([maps, images]);
      parameters.dispose();
    });
  },
  { backends: ['webgpu'] },
);

describeBackends(
  'mixed precision elsewhere',
  () => {
    it('names the backend that it needs, and evaluates all the same', () => {
      const backbone = resnet({ ...tiny, block: 'basic', precision: 'mixed' });
      const parameters = ParameterSet.create(backbone.parameters, new RandomStream(4));
      const images = tf.zeros([2, 32, 32, 3]) as tf.Tensor4D;
      expect(() => backbone.apply(parameters, images, { training: true })).toThrow(
        /half precision needs the webgpu backend, but \w+ is running; compute in full precision, or start webgpu/,
      );
      backbone.apply(parameters, images, { training: false }).dispose();
      images.dispose();
      parameters.dispose();
    });
  },
  { backends: ['cpu', 'wasm'] },
);
