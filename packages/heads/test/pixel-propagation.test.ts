import { ParameterSet, RandomStream } from '@pixcon/core';
import { checkGradients, describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { pixelPropagation } from '../src/index.ts';

extendExpect();

const mode = { training: true };
const random = (shape: [number, number, number], seed: number) =>
  tf.randomNormal<tf.Rank.R3>(shape, 0, 1, 'float32', seed);

const unit = (row: readonly number[]) => {
  const length = Math.hypot(...row);
  return row.map((value) => value / length);
};
const dot = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);

/** y_i = Σ_j max(cos, 0)^γ v_j with loops; `values` are g(x). */
function naive(cells: number[][], values: number[][], exponent: number): number[][] {
  return cells.map((from) => {
    const sum = new Array<number>(from.length).fill(0);
    for (const [j, to] of cells.entries()) {
      const attention = Math.max(dot(unit(from), unit(to)), 0) ** exponent;
      for (const [k, value] of unit(values[j] as number[]).entries())
        sum[k] = (sum[k] as number) + attention * value;
    }
    return sum;
  });
}

describeBackends('pixelPropagation', () => {
  it.each([2, 1, 3, 0.5])(
    'adds up the cells of an image as far as they are alike, exponent %d',
    async (exponent) => {
      const module = pixelPropagation({ dim: 4, exponent });
      const set = ParameterSet.create(module.parameters, new RandomStream(1));
      const cells = random([3, 5, 4], 2);
      const weight = (await set.get('transform.weight').array()) as number[][];
      const bias = (await set.get('transform.bias').array()) as number[];
      const expected = (await cells.array()).map((image) => {
        const values = image.map((row) => bias.map((b, o) => row.reduce((s, v, i) => s + v * (weight[i]?.[o] as number), b))); // biome-ignore format: one product
        return naive(image, values, exponent);
      });
      // Below 1 the authors' 1e-6 shows at cosines that are not positive.
      const absolute = exponent < 1 ? 1e-2 : 1e-5;
      await expect(module.apply(set, cells, mode)).toBeAllClose(expected, { relative: 1e-4, absolute });
    },
  );

  it('is without a transformation the smoothed cells themselves', async () => {
    const module = pixelPropagation({ dim: 3, layers: 0 });
    const set = ParameterSet.create(module.parameters, new RandomStream(1));
    expect(module.parameters).toEqual([]);
    const cells = random([1, 4, 3], 3);
    const image = (await cells.array())[0] as number[][];
    await expect(module.apply(set, cells, mode)).toBeAllClose([naive(image, image, 2)], { absolute: 1e-5 });
    // A single cell, and cells that are all the same, point where they pointed.
    const same = tf.tile(tf.tensor3d([[[3, 0, 4]]]), [1, 6, 1]);
    const sixfold = Array.from({ length: 6 }, () => [3.6, 0, 4.8]);
    await expect(module.apply(set, same, mode)).toBeAllClose([sixfold], { absolute: 1e-5 });
  });

  it('does not mix images, and follows the order of cells', async () => {
    const module = pixelPropagation({ dim: 4 });
    const set = ParameterSet.create(module.parameters, new RandomStream(2));
    const cells = random([2, 5, 4], 4);
    const y = module.apply(set, cells, mode);
    const alone = module.apply(set, tf.slice(cells, [1, 0, 0], [1, 5, 4]), mode);
    await expect(tf.slice(y, [1, 0, 0], [1, 5, 4])).toBeAllClose(alone, { absolute: 1e-5 });
    await expect(module.apply(set, tf.reverse(cells, 1), mode)).toBeAllClose(tf.reverse(y, 1), {
      absolute: 1e-5,
    });
  });

  it.each([
    [0, 2],
    [1, 2],
    [2, 2],
    [1, 3],
    [1, 1.5],
  ] as const)('has the gradients that differences show: %d layers, exponent %d', async (layers, exponent) => {
    const module = pixelPropagation({ dim: 3, layers, exponent });
    const set = ParameterSet.create(module.parameters, new RandomStream(3));
    const names = set.trainable().map(({ name }) => name);
    await checkGradients(
      (x, ...replaced) => {
        const parameters = {
          get: (name: string) => (replaced[names.indexOf(name)] as tf.Variable | undefined) ?? set.get(name),
        };
        return module.apply(parameters, x as tf.Tensor3D, mode);
      },
      [random([1, 3, 3], 6), ...names.map((name) => tf.clone(set.get(name)))],
      { epsilon: 3e-3, relative: 2e-2, absolute: 1e-2 },
    );
  });

  it('leaks nothing, and names the mistake', () => {
    const module = pixelPropagation({ dim: 4, layers: 2, exponent: 2.5 });
    const set = ParameterSet.create(module.parameters, new RandomStream(4));
    const cells = random([2, 5, 4], 6);
    expectNoLeaks(() => module.apply(set, cells, mode).dispose());
    expect(() => module.apply(set, random([2, 5, 3], 1), mode)).toThrow(
      'cells must have shape [any, any, 4]',
    );
    set.dispose();
    cells.dispose();
  });
});

describe('options of pixelPropagation', () => {
  it('are checked, and decide the parameters', () => {
    expect(() => pixelPropagation({ exponent: 0 })).toThrow('exponent must be a number above 0');
    expect(() => pixelPropagation({ layers: 3 as 2 })).toThrow('layers must be one of 0, 1, 2');
    expect(() => pixelPropagation({ dim: 1.5 })).toThrow('dim must be a whole number');
    const shapes = pixelPropagation().parameters.map(({ name, shape }) => `${name} ${shape.join('×')}`);
    expect(shapes).toEqual(['transform.weight 256×256', 'transform.bias 256']);
    expect(pixelPropagation({ layers: 2 }).parameters).toHaveLength(8);
  });
});
