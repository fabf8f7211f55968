import { ParameterSet, RandomStream } from '@pixcon/core';
import { checkGradients, describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { activeSlots, groupingHead, semanticGrouping, slotPredictor } from '../src/index.ts';
import { initialValues } from './initial-values.ts';

extendExpect();

const mode = { training: true };
const random = <R extends tf.Rank>(shape: tf.ShapeMap[R], seed: number) =>
  tf.randomNormal<R>(shape, 0, 1, 'float32', seed);

const dot = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
const cosine = (a: readonly number[], b: readonly number[]) =>
  dot(a, b) / (Math.hypot(...a) * Math.hypot(...b));

/** Scores and slots of one image, with loops in double precision. */
function naive(cells: number[][], prototypes: number[][], temperature: number) {
  const scores = cells.map((cell) => prototypes.map((prototype) => cosine(cell, prototype)));
  const shares = scores.map((row) => {
    const exponentials = row.map((score) => Math.exp((score - Math.max(...row)) / temperature));
    const sum = exponentials.reduce((a, b) => a + b, 0);
    return exponentials.map((value) => value / sum + 1e-6);
  });
  const slots = prototypes.map((_, p) => {
    const total = shares.reduce((sum, row) => sum + (row[p] as number), 0);
    return (cells[0] as number[]).map((_, k) =>
      cells.reduce((sum, cell, i) => sum + ((shares[i]?.[p] as number) / total) * (cell[k] as number), 0),
    );
  });
  return { scores, slots };
}

describeBackends('semanticGrouping', () => {
  it.each([0.07, 1])('shares the cells among the prototypes, temperature %d', async (temperature) => {
    const grouping = semanticGrouping({ prototypes: 3, dim: 4, temperature });
    const set = ParameterSet.create(grouping.parameters, new RandomStream(1));
    const cells = random<tf.Rank.R3>([2, 6, 4], 2);
    const { scores, slots } = grouping.apply(set, cells, mode);
    const table = (await set.get('weight').array()) as number[][];
    const expected = (await cells.array()).map((image) => naive(image, table, temperature));
    await expect(scores).toBeAllClose(expected.map((image) => image.scores), { absolute: 1e-5 }); // biome-ignore format: one
    await expect(slots).toBeAllClose(expected.map((image) => image.slots), { relative: 1e-3, absolute: 1e-4 }); // biome-ignore format: one
  });

  it('gives a prototype that no cell is near the plain mean, not 0/0', async () => {
    const grouping = semanticGrouping({ prototypes: 2, dim: 2, temperature: 0.01 });
    const set = ParameterSet.create(grouping.parameters, new RandomStream(1));
    set.get('weight').assign(tf.tensor2d([[1, 0], [-1, 0]])); // biome-ignore format: rows
    const { slots } = grouping.apply(set, tf.tensor3d([[[2, 0], [4, 0]]]), mode); // biome-ignore format: rows
    await expect(slots).toBeAllClose([[[3, 0], [3, 0]]]); // biome-ignore format: rows
  });

  it('does not see the length of prototypes, nor the order of cells', async () => {
    const grouping = semanticGrouping({ prototypes: 3, dim: 4 });
    const set = ParameterSet.create(grouping.parameters, new RandomStream(2));
    const cells = random<tf.Rank.R3>([2, 5, 4], 3);
    const before = grouping.apply(set, cells, mode);
    const turned = grouping.apply(set, tf.reverse(cells, 1), mode);
    await expect(turned.slots).toBeAllClose(before.slots, { absolute: 1e-5 });
    await expect(turned.scores).toBeAllClose(tf.reverse(before.scores, 1), { absolute: 1e-5 });
    set.get('weight').assign(tf.tidy(() => tf.mul(set.get('weight'), 7)));
    await expect(grouping.apply(set, cells, mode).slots).toBeAllClose(before.slots, { absolute: 1e-5 });
  });

  it('has the gradients that differences show, for cells and prototypes, through scores and slots', async () => {
    const grouping = semanticGrouping({ prototypes: 2, dim: 3, temperature: 0.5 });
    const table = ParameterSet.create(grouping.parameters, new RandomStream(3)).get('weight');
    const inputs: [tf.Tensor3D, tf.Variable] = [random<tf.Rank.R3>([1, 3, 3], 4), table];
    for (const output of ['scores', 'slots'] as const) {
      await checkGradients(
        (cells, weight) =>
          grouping.apply({ get: () => weight as unknown as tf.Variable }, cells as tf.Tensor3D, mode)[output],
        inputs,
        { epsilon: 3e-3, relative: 2e-2, absolute: 3e-3 },
      );
    }
  });

  it('leaks nothing, and names the mistake', () => {
    const grouping = semanticGrouping({ prototypes: 3, dim: 4 });
    const set = ParameterSet.create(grouping.parameters, new RandomStream(4));
    const cells = random<tf.Rank.R3>([1, 2, 4], 5);
    expectNoLeaks(() => {
      const { scores, slots } = grouping.apply(set, cells, mode);
      tf.dispose([scores, slots]);
    });
    expect(() => grouping.apply(set, random<tf.Rank.R3>([1, 2, 5], 1), mode)).toThrow('[any, any, 4]');
    expect(() => semanticGrouping({ temperature: 0 })).toThrow('temperature must be a number above 0');
    expect(() => semanticGrouping({ prototypes: 0 })).toThrow('prototypes must be a whole number');
    tf.dispose(cells);
    set.dispose();
  });
});

describeBackends('activeSlots', () => {
  it('lists each prototype that is the best of a cell once', async () => {
    const scores = random<tf.Rank.R3>([4, 9, 5], 6);
    const { index, first } = activeSlots(scores);
    expect(index.dtype).toBe('int32');
    for (const [image, rows] of (await scores.array()).entries()) {
      const best = rows.map((row) => row.indexOf(Math.max(...row)));
      expect((await index.array())[image]).toEqual(best);
      expect((await first.array())[image]).toEqual(best.map((p, cell) => Number(best.indexOf(p) === cell)));
    }
  });

  it('lists one prototype for equal cells, and all cells for as many', async () => {
    const same = activeSlots(tf.tile(tf.tensor3d([[[0, 3, 1]]]), [2, 4, 1]));
    await expect(same.index).toBeAllClose([[1, 1, 1, 1], [1, 1, 1, 1]]); // biome-ignore format: rows
    await expect(same.first).toBeAllClose([[1, 0, 0, 0], [1, 0, 0, 0]]); // biome-ignore format: rows
    const each = activeSlots(tf.reshape(tf.eye(4), [1, 4, 4]));
    await expect(each.first).toBeAllClose([[1, 1, 1, 1]]);
  });

  it('leaks nothing', () => {
    const scores = random<tf.Rank.R3>([1, 3, 2], 7);
    expectNoLeaks(() => {
      const { index, first } = activeSlots(scores);
      tf.dispose([index, first]);
    });
    expect(() => activeSlots(tf.zeros([2, 3]) as unknown as tf.Tensor3D)).toThrow('scores must have shape');
    scores.dispose();
  });
});

describeBackends('groupingHead and slotPredictor', () => {
  const sizes = { inputChannels: 4, hidden: 5, output: 3 };

  it('compute FC – BN – GELU twice, then FC', async () => {
    const head = groupingHead(sizes);
    const set = ParameterSet.create(head.parameters, new RandomStream(5));
    for (const [i, { name, role, shape }] of head.parameters.entries()) {
      if (role !== 'buffer') set.get(name).assign(random(shape as [number], 20 + i));
    }
    const cells = random<tf.Rank.R3>([2, 3, 4], 8);
    // A GELU by the error function of a long sum; statistics by tfjs's own reductions.
    const tensor = (name: string) => set.get(name) as tf.Tensor;
    const layer = (x: tf.Tensor, name: string) => tf.add(tf.matMul(x, tensor(`${name}.weight`)), tensor(`${name}.bias`)); // biome-ignore format: one
    const normalized = (x: tf.Tensor, name: string) => {
      const { mean, variance } = tf.moments(x, 0);
      const unit = tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-5)));
      return tf.add(tf.mul(unit, tensor(`${name}.weight`)), tensor(`${name}.bias`));
    };
    const gelu = async (x: tf.Tensor) => tf.tensor((await x.data()).map((v) => v * normalDistribution(v)), x.shape); // biome-ignore format: one
    const rows = tf.reshape(cells, [6, 4]);
    const middle = await gelu(normalized(layer(rows, '0'), '1'));
    const expected = layer(await gelu(normalized(layer(middle, '3'), '4')), '6');
    const y = head.apply(set, cells, mode);
    expect(y.shape).toEqual([2, 3, 3]);
    await expect(y).toBeAllClose(tf.reshape(expected, [2, 3, 3]), { relative: 1e-3, absolute: 1e-4 });
    await expect(head.apply(set, tf.reshape(cells, [2, 1, 3, 4]) as tf.Tensor4D, mode)).toBeAllClose(y);
  });

  it('predict rows that count as if the others were not there', async () => {
    const predictor = slotPredictor({ dim: 4, hidden: 5 });
    const rows = random<tf.Rank.R2>([6, 4], 9);
    const chosen = [1, 2, 4, 5];
    const [masked, plain] = [0, 1].map(() => ParameterSet.create(predictor.parameters, new RandomStream(6)));
    if (!masked || !plain) throw new Error('two sets');
    const y = predictor.apply(masked, { rows, mask: tf.tensor1d([0, 1, 1, 0, 1, 1]) }, mode);
    const alone = { rows: tf.gather(rows, chosen), mask: tf.ones<tf.Rank.R1>([4]) };
    await expect(tf.gather(y, chosen)).toBeAllClose(predictor.apply(plain, alone, mode), { absolute: 1e-5 });
    await expect(masked.get('4.running_var')).toBeAllClose(plain.get('4.running_var'));
    // Running statistics know no mask.
    const still = { training: false };
    await expect(predictor.apply(masked, { rows, mask: tf.zeros([6]) }, still)).toBeAllClose(
      predictor.apply(masked, { rows, mask: tf.ones([6]) }, still),
    );
  });

  it('leak nothing, and name the mistake', () => {
    const head = groupingHead(sizes);
    const predictor = slotPredictor({ dim: 3, hidden: 5 });
    const set = ParameterSet.create(head.parameters, new RandomStream(7));
    const own = ParameterSet.create(predictor.parameters, new RandomStream(8));
    const cells = random<tf.Rank.R3>([2, 3, 4], 10);
    const [rows, mask] = [random<tf.Rank.R2>([4, 3], 11), tf.tensor1d([1, 1, 0, 1])];
    expectNoLeaks(() => {
      head.apply(set, cells, mode).dispose();
      predictor.apply(own, { rows, mask }, mode).dispose();
    });
    expect(() => head.apply(set, random<tf.Rank.R3>([2, 3, 5], 1), mode)).toThrow('[any, any, 4]');
    expect(() => predictor.apply(own, { rows, mask: tf.ones([3]) }, mode)).toThrow(
      'mask must have shape [4]',
    );
    expect(() => groupingHead({ inputChannels: 0 })).toThrow('inputChannels');
    expect(() => slotPredictor({ hidden: 0 })).toThrow('hidden');
    tf.dispose([cells, rows, mask]);
    set.dispose();
    own.dispose();
  });
});

describe('parameters', () => {
  it('have the names of the authors’ nn.Sequential, and start as DINO’s', () => {
    const { parameters } = groupingHead({ inputChannels: 512 });
    expect(parameters.filter(({ role }) => role !== 'buffer').map(({ name, shape }) => `${name} ${shape.join('×')}`)).toEqual([
      '0.weight 512×4096', '0.bias 4096', '1.weight 4096', '1.bias 4096',
      '3.weight 4096×4096', '3.bias 4096', '4.weight 4096', '4.bias 4096',
      '6.weight 4096×256', '6.bias 256',
    ]); // biome-ignore format: pairs
    const start = (name: string) => {
      const spec = groupingHead({ inputChannels: 100, hidden: 100 }).parameters.find(
        (spec) => spec.name === name,
      );
      return initialValues(spec, 9);
    };
    const weight = start('3.weight');
    const deviation = Math.sqrt(weight.reduce((sum, value) => sum + value * value, 0) / weight.length);
    expect(deviation).toBeCloseTo(0.02, 3);
    expect(new Set(start('3.bias'))).toEqual(new Set([0]));
    expect(new Set(start('4.weight'))).toEqual(new Set([1]));
    const layouts = new Set(slotPredictor().parameters.map(({ layout }) => layout));
    expect(layouts).toEqual(new Set(['linear', 'vector']));
  });
});

/** Φ by Simpson's rule. */
function normalDistribution(x: number): number {
  const steps = 2000;
  const width = x / steps;
  const density = (t: number) => Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI);
  let sum = density(0) + density(x);
  for (let i = 1; i < steps; i++) sum += density(i * width) * (i % 2 === 0 ? 2 : 4);
  return 0.5 + (sum * width) / 3;
}
