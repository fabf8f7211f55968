import { describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { PixconError } from './errors.ts';
import { ParameterSet, type ParameterSpec, prefixSpecs, scoped } from './parameters.ts';
import { RandomStream } from './random.ts';

extendExpect();

const weight: ParameterSpec = {
  name: 'weight',
  shape: [2, 3],
  layout: 'linear',
  role: 'weight',
  initialize: (random) => random.normal(),
};
const bias: ParameterSpec = {
  name: 'bias',
  shape: [3],
  layout: 'vector',
  role: 'bias',
  initialize: () => 0,
};
const mean: ParameterSpec = { ...bias, name: 'running_mean', role: 'buffer' };
const specs = [weight, bias, mean];

describe('prefixSpecs', () => {
  it('names specs as a parent sees them, and leaves the originals', () => {
    expect(prefixSpecs('layer1.0', specs).map(({ name }) => name)).toEqual([
      'layer1.0.weight',
      'layer1.0.bias',
      'layer1.0.running_mean',
    ]);
    expect(weight.name).toBe('weight');
  });
});

describeBackends('ParameterSet', () => {
  it('holds variables in the order of the specs; buffers are not trainable', () => {
    const set = ParameterSet.create(specs, new RandomStream(0));
    expect([...set.entries()].map(([name]) => name)).toEqual(['weight', 'bias', 'running_mean']);
    expect(set.get('weight').shape).toEqual([2, 3]);
    expect(set.get('weight').trainable).toBe(true);
    expect(set.get('running_mean').trainable).toBe(false);
    expect(set.trainable()).toEqual([weight, bias]);
    expect(set.has('bias')).toBe(true);
    expect(set.has('gain')).toBe(false);
    set.dispose();
  });

  it('refuses initial values that are no numbers, and leaves nothing', () => {
    const array = (() => Float32Array.of(1, 2, 3)) as unknown as ParameterSpec['initialize'];
    expectNoLeaks(() => {
      expect(() =>
        ParameterSet.create([weight, { ...bias, initialize: array }], new RandomStream(0)),
      ).toThrow('initialize of bias must give a number for each of its 3 elements');
    });
  });

  it('is a function of the seed, and a parameter does not depend on the others', async () => {
    const [a, b, other, alone] = [
      ParameterSet.create(specs, new RandomStream(1)),
      ParameterSet.create(specs, new RandomStream(1)),
      ParameterSet.create(specs, new RandomStream(2)),
      ParameterSet.create([weight], new RandomStream(1)),
    ];
    await expect(a.get('weight')).toBeAllClose(b.get('weight'), { relative: 0, absolute: 0 });
    await expect(a.get('weight')).toBeAllClose(alone.get('weight'), { relative: 0, absolute: 0 });
    await expect(a.get('weight')).not.toBeAllClose(other.get('weight'));
    for (const set of [a, b, other, alone]) set.dispose();
  });

  it('clones into variables of its own, all or some', async () => {
    const online = ParameterSet.create(specs, new RandomStream(3));
    const before = (await online.get('weight').data()).slice();
    const target = online.clone();
    const some = online.clone((name) => name !== 'bias');
    online.get('weight').assign(tf.zeros([2, 3]));
    await expect(target.get('weight')).toBeAllClose(before);
    expect(some.specs.map(({ name }) => name)).toEqual(['weight', 'running_mean']);
    expect(some.has('bias')).toBe(false);
    expect(some.get('running_mean').trainable).toBe(false);
    for (const set of [online, target, some]) set.dispose();
  });

  it('frees everything', () => {
    expectNoLeaks(() => {
      const set = ParameterSet.create(specs, new RandomStream(4));
      set.clone().dispose();
      set.dispose();
    });
  });

  it('gives a module its own part of the names', () => {
    const set = ParameterSet.create(prefixSpecs('head', prefixSpecs('0', specs)), new RandomStream(5));
    expect(scoped(scoped(set, 'head'), '0').get('bias')).toBe(set.get('head.0.bias'));
    set.dispose();
  });

  it('refuses unknown and repeated names', () => {
    const set = ParameterSet.create(specs, new RandomStream(6));
    expect(() => set.get('gain')).toThrow('no parameter is named gain');
    expect(() => scoped(set, 'head').get('bias')).toThrow('head.bias');
    expect(() => ParameterSet.create([weight, weight], new RandomStream(0))).toThrow(PixconError);
    expect(() => ParameterSet.create([weight, weight], new RandomStream(0))).toThrow(
      'two parameters are named weight',
    );
    set.dispose();
  });
});
