import { ParameterSet, type ParameterSpec, RandomStream } from '@pixcon/core';
import { describeBackends, expectNoLeaks } from '@pixcon/testing';
import { expect, it } from 'vitest';
import type { HostTensor } from './host-tensor.ts';
import { loadParameters, parametersToFile } from './parameters.ts';

const normal = (random: RandomStream) => random.normal();

const specs = (): ParameterSpec[] => [
  {
    name: 'backbone.conv1.weight',
    shape: [3, 3, 2, 4],
    layout: 'convolution',
    role: 'weight',
    initialize: normal,
  },
  { name: 'backbone.bn1.bias', shape: [4], layout: 'vector', role: 'bias', initialize: normal },
  { name: 'backbone2.weight', shape: [4, 2], layout: 'pointwise', role: 'weight', initialize: normal },
  { name: 'head.weight', shape: [4, 2], layout: 'linear', role: 'weight', initialize: normal },
];

describeBackends('parameters', () => {
  it('go to a file and back', async () => {
    const [a, b] = [1, 2].map((seed) => ParameterSet.create(specs(), new RandomStream(seed))) as [
      ParameterSet,
      ParameterSet,
    ];
    const file = await parametersToFile(a);
    expect([...file].map(([name, { shape }]) => [name, shape])).toEqual([
      ['backbone.conv1.weight', [4, 2, 3, 3]],
      ['backbone.bn1.bias', [4]],
      ['backbone2.weight', [2, 4, 1, 1]],
      ['head.weight', [2, 4]],
    ]);
    expectNoLeaks(() => loadParameters(b, file));
    for (const { name } of a.specs) expect(await b.get(name).data()).toEqual(await a.get(name).data());
    a.dispose();
    b.dispose();
  });

  it('select a part, whose names lose the prefix', async () => {
    const set = ParameterSet.create(specs(), new RandomStream(3));
    const part = await parametersToFile(set, { prefix: 'backbone' });
    expect([...part.keys()]).toEqual(['conv1.weight', 'bn1.bias']);
    const weights = await parametersToFile(set, {
      prefix: 'backbone',
      select: (name) => name.startsWith('conv'),
    });
    expect([...weights.keys()]).toEqual(['conv1.weight']);
    await expect(parametersToFile(set, { prefix: 'predictor' })).rejects.toThrow("prefix 'predictor'");
    const values = new Map<string, HostTensor>(part);
    values.set('bn1.bias', { dtype: 'F64', shape: [4], data: Float64Array.of(1, 2, 3, 4.5) });
    values.set('bn1.num_batches_tracked', { dtype: 'I64', shape: [], data: BigInt64Array.of(5n) });
    const before = await set.get('head.weight').data();
    loadParameters(set, values, { prefix: 'backbone' });
    expect(await set.get('backbone.bn1.bias').data()).toEqual(Float32Array.of(1, 2, 3, 4.5));
    expect(await set.get('head.weight').data()).toEqual(before);
    set.dispose();
  });

  it('take no numbers that are not finite, and then stay as they were', async () => {
    const set = ParameterSet.create(specs(), new RandomStream(4));
    const before = await set.get('backbone.conv1.weight').data();
    const file = await parametersToFile(set);
    const poisoned = (dtype: 'F32' | 'F64', data: number[]): Map<string, HostTensor> =>
      new Map<string, HostTensor>(file)
        .set('backbone.conv1.weight', { dtype: 'F32', shape: [4, 2, 3, 3], data: new Float32Array(72) })
        .set(
          'backbone.bn1.bias',
          dtype === 'F32'
            ? { dtype, shape: [4], data: Float32Array.from(data) }
            : { dtype, shape: [4], data: Float64Array.from(data) },
        );
    expect(() => loadParameters(set, poisoned('F32', [0, Number.NaN, 0, -Infinity]))).toThrow(
      'loadParameters: tensor backbone.bn1.bias must be finite, but holds 1 NaN and 1 infinite of 4 values (the first at 1)',
    );
    // Beyond float32.
    expect(() => loadParameters(set, poisoned('F64', [0, 0, 0, 1e39]))).toThrow('holds 1 infinite of 4');
    expect(await set.get('backbone.conv1.weight').data()).toEqual(before);
    set.dispose();
  });

  it('stay as they were when the file does not fit, and say all that is wrong', async () => {
    const set = ParameterSet.create(specs(), new RandomStream(4));
    const file = new Map<string, HostTensor>(await parametersToFile(set));
    const before = await set.get('backbone.conv1.weight').data();
    file.set('backbone.conv1.weight', { dtype: 'F32', shape: [4, 2, 3, 3], data: new Float32Array(72) });
    file.delete('backbone.bn1.bias');
    file.set('head.weight', { dtype: 'F32', shape: [4, 2], data: new Float32Array(8) });
    file.set('fc.weight', { dtype: 'F32', shape: [1], data: new Float32Array(1) });
    file.set('backbone2.weight', { dtype: 'I32', shape: [2, 4, 1, 1], data: new Int32Array(8) });
    expect(() => loadParameters(set, file)).toThrow(
      'loadParameters: the file does not fit the network: missing backbone.bn1.bias; unexpected fc.weight; ' +
        'mis-shaped backbone2.weight (expected a float dtype, got I32), head.weight (expected [2, 4], got [4, 2])',
    );
    expect(await set.get('backbone.conv1.weight').data()).toEqual(before);
    set.dispose();
  });
});
