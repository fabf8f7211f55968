import { type Module, ParameterSet, RandomStream } from '@pixcon/core';
import { valueAndGradients } from '@pixcon/ops';
import { checkGradients, describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { denseHead, globalHead, predictor, projectionHead, simSiamProjector } from '../src/index.ts';
import { initialValues } from './initial-values.ts';

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
async function naive(
  set: ParameterSet,
  rows: number[][],
  training: boolean,
  normalization: boolean,
): Promise<number[][]> {
  const read = (name: string) => set.get(name).array();
  const dense = async (name: string, x: number[][]) => {
    const [weight, bias] = [
      (await read(`${name}.weight`)) as number[][],
      (await read(`${name}.bias`)) as number[],
    ];
    return x.map((row) =>
      bias.map((b, o) => row.reduce((sum, v, i) => sum + v * (weight[i]?.[o] as number), b)),
    );
  };
  let hidden = await dense('0', rows);
  if (normalization) {
    const columns = (hidden[0] as number[]).map((_, c) => hidden.map((row) => row[c] as number));
    const mean = (x: number[]) => x.reduce((a, b) => a + b, 0) / x.length;
    const running = (await Promise.all([read('1.running_mean'), read('1.running_var')])) as number[][];
    const statistics = columns.map((column, c) => {
      const m = mean(column);
      return training ? [m, mean(column.map((v) => (v - m) ** 2))] : running.map((values) => values[c]);
    }) as [number, number][];
    const [scale, offset] = [(await read('1.weight')) as number[], (await read('1.bias')) as number[]];
    hidden = hidden.map((row) =>
      row.map((v, c) => {
        const [m, variance] = statistics[c] as [number, number];
        return ((v - m) / Math.sqrt(variance + 1e-5)) * (scale[c] as number) + (offset[c] as number);
      }),
    );
  }
  return await dense(
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
  ])('computes FC – BN – ReLU – FC: normalization %s, training %s', async (normalization, training) => {
    const head = projectionHead({ ...sizes, normalization });
    const set = scrambled(head);
    const rows = random([6, 5]) as tf.Tensor2D;
    const expected = await naive(set, await rows.array(), training, normalization);
    await expect(head.apply(set, rows, { training })).toBeAllClose(expected, {
      relative: 1e-4,
      absolute: 1e-5,
    });
  });

  it('leaves out either bias', async () => {
    const rows = random([6, 5]) as tf.Tensor2D;
    const whole = projectionHead({ ...sizes, normalization: false });
    const bare = projectionHead({ ...sizes, normalization: false, hiddenBias: false, outputBias: false });
    const set = ParameterSet.create(whole.parameters, new RandomStream(3));
    const half = bare.apply(set, rows, { training: true });
    for (const name of ['0.bias', '3.bias']) set.get(name).assign(tf.zerosLike(set.get(name)));
    await expect(half).toBeAllClose(whole.apply(set, rows, { training: true }));
  });

  it('moves running statistics in training only', async () => {
    const head = projectionHead(sizes);
    const set = ParameterSet.create(head.parameters, new RandomStream(4));
    const rows = random([6, 5]) as tf.Tensor2D;
    head.apply(set, rows, { training: false });
    await expect(set.get('1.running_mean')).toBeAllClose(new Float32Array(7));
    head.apply(set, rows, { training: true });
    const hidden = tf.add(tf.matMul(rows, set.get('0.weight') as unknown as tf.Tensor2D), set.get('0.bias'));
    const { mean, variance } = tf.moments(hidden, 0);
    await expect(set.get('1.running_mean')).toBeAllClose(tf.mul(mean, 0.1));
    await expect(set.get('1.running_var')).toBeAllClose(tf.add(0.9, tf.mul(variance, (0.1 * 6) / 5)));
  });

  it('has right gradients for its input and for every parameter', async () => {
    const head = projectionHead({ inputChannels: 3, hidden: 4, output: 2 });
    const set = scrambled(head);
    const rows = random([5, 3], 8) as tf.Tensor2D;
    const names = set.trainable().map(({ name }) => name);
    const values = names.map((name) => tf.clone(set.get(name)));
    await checkGradients(
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
  it('pool, or keep the cells', async () => {
    const features = random([2, 3, 4, 5]) as tf.Tensor4D;
    const cells = tf.reshape(features, [2, 12, 5]) as tf.Tensor3D;
    const head = projectionHead(sizes);
    const set = scrambled(head);
    for (const training of [true, false]) {
      const pooled = head.apply(set, tf.mean(cells, 1) as tf.Tensor2D, { training });
      for (const input of [features, cells]) {
        await expect(globalHead(sizes).apply(set, input, { training })).toBeAllClose(pooled, {
          absolute: 1e-5,
        });
      }
      const rows = head.apply(set, tf.reshape(cells, [24, 5]) as tf.Tensor2D, { training });
      for (const input of [features, cells]) {
        const dense = denseHead(sizes).apply(set, input, { training });
        expect(dense.shape).toEqual([2, 12, 3]);
        await expect(dense).toBeAllClose(tf.reshape(rows, [2, 12, 3]));
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

/** Rows through a matrix, in double precision. */
function naiveProduct(rows: number[][], weight: number[][]): number[][] {
  return rows.map((row) =>
    (weight[0] as number[]).map((_, o) => row.reduce((sum, v, i) => sum + v * (weight[i]?.[o] as number), 0)),
  );
}

/** Batch normalization by the batch, with loops. */
function naiveNormalized(rows: number[][], scale?: number[], offset?: number[]): number[][] {
  const mean = (x: number[]) => x.reduce((a, b) => a + b, 0) / x.length;
  const columns = (rows[0] as number[]).map((_, c) => rows.map((row) => row[c] as number));
  const statistics = columns.map((column) => {
    const m = mean(column);
    return [m, mean(column.map((v) => (v - m) ** 2))] as const;
  });
  return rows.map((row) =>
    row.map((v, c) => {
      const [m, variance] = statistics[c] as readonly [number, number];
      return ((v - m) / Math.sqrt(variance + 1e-5)) * (scale?.[c] ?? 1) + (offset?.[c] ?? 0);
    }),
  );
}

describeBackends('simSiamProjector', () => {
  const projector = simSiamProjector({ inputChannels: 3, hidden: 4, output: 2 });

  it('computes three normalized layers, the last without scale, offset and ReLU', async () => {
    const set = ParameterSet.create(projector.parameters, new RandomStream(9));
    for (const [index, name] of ['1.weight', '1.bias', '4.weight', '4.bias'].entries()) {
      set.get(name).assign(random([4], 60 + index));
    }
    const read = async (name: string) => await set.get(name).array();
    const matrix = async (name: string) => (await read(`${name}.weight`)) as number[][];
    const relu = (rows: number[][]) => rows.map((row) => row.map((v) => Math.max(v, 0)));
    const rows = random([6, 3], 10) as tf.Tensor2D;
    let x = await rows.array();
    for (const [linear, normalization] of [
      ['0', '1'],
      ['3', '4'],
    ] as const) {
      const scale = (await read(`${normalization}.weight`)) as number[];
      const offset = (await read(`${normalization}.bias`)) as number[];
      x = relu(naiveNormalized(naiveProduct(x, await matrix(linear)), scale, offset));
    }
    const expected = naiveNormalized(naiveProduct(x, await matrix('6')));
    const result = projector.apply(set, rows, { training: true });
    await expect(result).toBeAllClose(expected, { relative: 1e-3, absolute: 1e-4 });
    tf.dispose([rows, result]);
    set.dispose();
  });

  it('sends a gradient to each of its seven parameters, and leaks nothing', () => {
    const set = ParameterSet.create(projector.parameters, new RandomStream(11));
    const rows = random([6, 3], 12) as tf.Tensor2D;
    const variables = new Map(set.trainable().map(({ name }) => [name, set.get(name)]));
    expectNoLeaks(() => {
      const { value, gradients } = valueAndGradients(() => {
        const y = projector.apply(set, rows, { training: true });
        const flat = tf.reshape(tf.mul(y, random([6, 2], 13)), [1, 12]) as tf.Tensor2D;
        return tf.reshape(tf.matMul(flat, tf.ones([12, 1])), []) as tf.Scalar;
      }, variables);
      expect([...gradients.keys()]).toEqual([
        '0.weight',
        '1.weight',
        '1.bias',
        '3.weight',
        '4.weight',
        '4.bias',
        '6.weight',
      ]);
      tf.dispose([value, ...gradients.values()]);
    });
    tf.dispose(rows);
    set.dispose();
  });

  it('names the mistake', () => {
    expect(() => simSiamProjector({ inputChannels: 3, output: 0 })).toThrow(
      'output must be a whole number of at least 1',
    );
    const set = ParameterSet.create(projector.parameters, new RandomStream(14));
    expect(() => projector.apply(set, random([4, 5]) as tf.Tensor2D, { training: true })).toThrow(
      'must have shape [any, 3]',
    );
    set.dispose();
  });
});

describeBackends('splits', () => {
  it('normalize each run of rows by itself, in every head', async () => {
    const features = random([4, 2, 2, 5], 15) as tf.Tensor4D;
    const rows = random([4, 5], 16) as tf.Tensor2D;
    const halves = <T extends tf.Tensor>(x: T) => tf.split<T>(x, 2);
    const check = async <T extends tf.Tensor>(head: Module<T, tf.Tensor>, x: T) => {
      const set = ParameterSet.create(head.parameters, new RandomStream(17));
      const split = head.apply(set, x, { training: true, splits: 2 });
      const each = tf.concat(halves(x).map((half) => head.apply(set, half, { training: true })));
      await expect(split).toBeAllClose(each, { relative: 1e-4, absolute: 1e-5 });
      const whole = head.apply(set, x, { training: true });
      await expect(async () => await expect(split).toBeAllClose(whole, { absolute: 1e-2 })).rejects.toThrow();
    };
    await check(projectionHead(sizes), rows);
    await check(globalHead(sizes), features);
    await check(denseHead(sizes), features);
    await check(simSiamProjector(sizes), rows);
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
    expect(describeAll(projectionHead({ ...sizes, hiddenBias: false, outputBias: false }))).toEqual([
      '0.weight [5 7] linear weight',
      '1.weight [7] vector normalization',
      '1.bias [7] vector normalization',
      '1.running_mean [7] vector buffer',
      '1.running_var [7] vector buffer',
      '3.weight [7 3] linear weight',
    ]);
    expect(describeAll(simSiamProjector(sizes))).toEqual([
      '0.weight [5 7] linear weight',
      '1.weight [7] vector normalization',
      '1.bias [7] vector normalization',
      '1.running_mean [7] vector buffer',
      '1.running_var [7] vector buffer',
      '3.weight [7 7] linear weight',
      '4.weight [7] vector normalization',
      '4.bias [7] vector normalization',
      '4.running_mean [7] vector buffer',
      '4.running_var [7] vector buffer',
      '6.weight [7 3] linear weight',
      '7.running_mean [3] vector buffer',
      '7.running_var [3] vector buffer',
    ]);
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
      const values = initialValues(spec, 7);
      expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(0.05);
      const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length;
      expect(Math.abs(variance / (0.1 ** 2 / 12) - 1)).toBeLessThan(index === 0 ? 0.02 : 0.4);
    }
  });
});
