import { type Module, ParameterSet, RandomStream } from '@pixcon/core';
import { valueAndGradients } from '@pixcon/ops';
import { checkGradients, describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { denseHead, globalHead, predictor, projectionHead } from '../src/index.ts';

extendExpect();

const sizes = { inputChannels: 5, hidden: 7, output: 3 };
const random = (shape: number[], seed = 1) => {
  const stream = new RandomStream(seed);
  const length = shape.reduce((product, size) => product * size, 1);
  return tf.tensor(
    Float32Array.from({ length }, () => stream.normal()),
    shape,
  );
};

/** FC – BN – ReLU – FC with loops, in double precision. */
function naive(set: ParameterSet, rows: number[][], training: boolean, normalization: boolean): number[][] {
  const read = (name: string) => set.get(name).arraySync();
  const dense = (name: string, x: number[][]) => {
    const [weight, bias] = [read(`${name}.weight`) as number[][], read(`${name}.bias`) as number[]];
    return x.map((row) =>
      bias.map((b, o) => row.reduce((sum, v, i) => sum + v * (weight[i]?.[o] as number), b)),
    );
  };
  let hidden = dense('0', rows);
  if (normalization) {
    const columns = (hidden[0] as number[]).map((_, c) => hidden.map((row) => row[c] as number));
    const mean = (x: number[]) => x.reduce((a, b) => a + b, 0) / x.length;
    const statistics = columns.map((column, c) => {
      const m = mean(column);
      return training
        ? [m, mean(column.map((v) => (v - m) ** 2))]
        : [(read('1.running_mean') as number[])[c], (read('1.running_var') as number[])[c]];
    }) as [number, number][];
    const [scale, offset] = [read('1.weight') as number[], read('1.bias') as number[]];
    hidden = hidden.map((row) =>
      row.map((v, c) => {
        const [m, variance] = statistics[c] as [number, number];
        return ((v - m) / Math.sqrt(variance + 1e-5)) * (scale[c] as number) + (offset[c] as number);
      }),
    );
  }
  return dense(
    '3',
    hidden.map((row) => row.map((v) => Math.max(v, 0))),
  );
}

function scrambled<Input, Output>(head: Module<Input, Output>): ParameterSet {
  const set = ParameterSet.create(head.parameters, new RandomStream(3));
  for (const [index, { name, shape }] of head.parameters.entries()) {
    if (!name.startsWith('1.')) continue;
    const values = random([...shape], 40 + index);
    set.get(name).assign(name.endsWith('var') ? tf.add(tf.abs(values), 0.5) : values);
  }
  return set;
}

describeBackends('projectionHead', () => {
  it.each([
    [true, true],
    [true, false],
    [false, true],
  ])('computes FC – BN – ReLU – FC: normalization %s, training %s', (normalization, training) => {
    const head = projectionHead({ ...sizes, normalization });
    const set = scrambled(head);
    const rows = random([6, 5]) as tf.Tensor2D;
    const expected = naive(set, rows.arraySync(), training, normalization);
    expect(head.apply(set, rows, { training })).toBeAllClose(expected, { relative: 1e-4, absolute: 1e-5 });
  });

  it('moves running statistics in training only', () => {
    const head = projectionHead(sizes);
    const set = ParameterSet.create(head.parameters, new RandomStream(4));
    const rows = random([6, 5]) as tf.Tensor2D;
    head.apply(set, rows, { training: false });
    expect(set.get('1.running_mean')).toBeAllClose(new Float32Array(7));
    head.apply(set, rows, { training: true });
    const hidden = tf.add(tf.matMul(rows, set.get('0.weight') as unknown as tf.Tensor2D), set.get('0.bias'));
    const { mean, variance } = tf.moments(hidden, 0);
    expect(set.get('1.running_mean')).toBeAllClose(tf.mul(mean, 0.1));
    expect(set.get('1.running_var')).toBeAllClose(tf.add(0.9, tf.mul(variance, (0.1 * 6) / 5)));
  });

  it('has right gradients for its input and for every parameter', () => {
    const head = projectionHead({ inputChannels: 3, hidden: 4, output: 2 });
    const set = scrambled(head);
    const rows = random([5, 3], 8) as tf.Tensor2D;
    const names = set.trainable().map(({ name }) => name);
    const values = names.map((name) => tf.clone(set.get(name)));
    checkGradients(
      (x, ...replaced) => {
        const parameters = {
          get: (name: string) => (replaced[names.indexOf(name)] as tf.Variable | undefined) ?? set.get(name),
        };
        return head.apply(parameters, x as tf.Tensor2D, { training: true });
      },
      [rows, ...values],
      { epsilon: 3e-3, relative: 2e-2, absolute: 5e-3 },
    );
  });
});

describeBackends('globalHead and denseHead', () => {
  it('pool, or keep the cells', () => {
    const features = random([2, 3, 4, 5]) as tf.Tensor4D;
    const cells = tf.reshape(features, [2, 12, 5]) as tf.Tensor3D;
    const head = projectionHead(sizes);
    const set = scrambled(head);
    for (const training of [true, false]) {
      const pooled = head.apply(set, tf.mean(cells, 1) as tf.Tensor2D, { training });
      for (const input of [features, cells]) {
        expect(globalHead(sizes).apply(set, input, { training })).toBeAllClose(pooled, { absolute: 1e-5 });
      }
      const rows = head.apply(set, tf.reshape(cells, [24, 5]) as tf.Tensor2D, { training });
      for (const input of [features, cells]) {
        const dense = denseHead(sizes).apply(set, input, { training });
        expect(dense.shape).toEqual([2, 12, 3]);
        expect(dense).toBeAllClose(tf.reshape(rows, [2, 12, 3]));
      }
    }
  });

  it('leak nothing, and send a gradient to every parameter', () => {
    const features = random([2, 2, 2, 5]) as tf.Tensor4D;
    for (const head of [globalHead(sizes), denseHead(sizes)]) {
      const set = ParameterSet.create(head.parameters, new RandomStream(5));
      const variables = new Map(set.trainable().map(({ name }) => [name, set.get(name)]));
      const step = () => {
        const { value, gradients } = valueAndGradients(() => {
          const y = head.apply(set, features, { training: true });
          const row = tf.reshape(y, [1, y.size]) as tf.Tensor2D;
          return tf.reshape(tf.matMul(row, row, false, true), []) as tf.Scalar;
        }, variables);
        expect(gradients.size).toBe(6);
        tf.dispose([value, ...gradients.values()]);
      };
      step();
      expectNoLeaks(step);
      expectNoLeaks(() => head.apply(set, features, { training: false }).dispose());
      set.dispose();
    }
    features.dispose();
  });

  it('name the mistake', () => {
    const set = ParameterSet.create(denseHead(sizes).parameters, new RandomStream(6));
    const mode = { training: false };
    const rows = random([2, 5]);
    expect(() => denseHead(sizes).apply(set, rows as never, mode)).toThrow(
      'features must be [batch, height, width, 5]',
    );
    expect(() => globalHead(sizes).apply(set, random([2, 4, 6]) as tf.Tensor3D, mode)).toThrow(
      '[any, any, 5]',
    );
    expect(() => projectionHead(sizes).apply(set, random([2, 6]) as tf.Tensor2D, mode)).toThrow(
      'must have shape [any, 5]',
    );
    expect(() => projectionHead({ inputChannels: 0 })).toThrow(
      'inputChannels must be a whole number of at least 1',
    );
  });
});

describe('parameters', () => {
  it('have PyTorch’s names and shapes', () => {
    const describeAll = (head: Pick<Module, 'parameters'>) =>
      head.parameters.map(
        ({ name, shape, layout, role }) => `${name} [${shape.join(' ')}] ${layout} ${role}`,
      );
    expect(describeAll(projectionHead(sizes))).toEqual([
      '0.weight [5 7] linear weight',
      '0.bias [7] vector bias',
      '1.weight [7] vector normalization',
      '1.bias [7] vector normalization',
      '1.running_mean [7] vector buffer',
      '1.running_var [7] vector buffer',
      '3.weight [7 3] linear weight',
      '3.bias [3] vector bias',
    ]);
    expect(describeAll(denseHead(sizes))[0]).toBe('0.weight [5 7] pointwise weight');
    expect(describeAll(projectionHead({ ...sizes, normalization: false }))).toHaveLength(4);
    const count = ({ parameters }: Pick<Module, 'parameters'>) =>
      parameters
        .filter(({ role }) => role !== 'buffer')
        .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    expect(count(projectionHead({ inputChannels: 512 }))).toBe(512 * 2048 + 3 * 2048 + 2048 * 128 + 128);
    expect(count(predictor())).toBe(128 * 2048 + 3 * 2048 + 2048 * 128 + 128);
  });

  it('start uniform in ±1/√input, as nn.Linear', () => {
    const [weight, bias] = projectionHead({ inputChannels: 400, hidden: 100 }).parameters;
    for (const [index, spec] of [weight, bias].entries()) {
      const values = spec?.initialize(new RandomStream(7)) ?? new Float32Array();
      expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(0.05);
      const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length;
      expect(Math.abs(variance / (0.1 ** 2 / 12) - 1)).toBeLessThan(index === 0 ? 0.02 : 0.4);
    }
  });
});
