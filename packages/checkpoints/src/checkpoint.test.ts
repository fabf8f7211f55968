import { ParameterSet, RandomStream } from '@pixcon/core';
import { describeBackends, expectNoLeaks } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { decodeCheckpoint, encodeCheckpoint, toTensors } from './checkpoint.ts';
import { encodeSafetensors } from './encode-safetensors.ts';
import { loadParameters } from './parameters.ts';

describeBackends(
  'checkpoint',
  () => {
    it('brings a run back bit for bit', async () => {
      const online = ParameterSet.create(
        [
          {
            name: 'conv.weight',
            shape: [3, 3, 2, 5],
            layout: 'convolution',
            role: 'weight',
            initialize: (random) => random.normal(),
          },
        ],
        new RandomStream(1),
      );
      const copy = online.clone();
      const keys = tf.tensor2d([-0, 1e-40, 3, 0.1], [2, 2]);
      const flags = tf.tensor([1, 0, 1], [3], 'bool');
      const count = tf.tensor([2_147_483_647, -5], [2], 'int32');
      const record = { step: 12, lr: 0.1 + 0.2, names: ['ä', null, true], nested: { '/': -1e-300 } };
      const bytes = await encodeCheckpoint({
        sections: {
          online,
          queue: new Map<string, tf.Tensor>([
            ['keys/x', keys],
            ['flags', flags],
            ['n', count],
          ]),
          none: new Map(),
        },
        record,
      });
      const checkpoint = decodeCheckpoint(bytes);
      expect(checkpoint.record).toEqual(record);
      expect(Object.keys(checkpoint.sections)).toEqual(['online', 'queue', 'none']);
      expect(checkpoint.sections.none?.size).toBe(0);
      expect(checkpoint.sections.online?.get('conv.weight')?.shape).toEqual([5, 2, 3, 3]);
      copy.get('conv.weight').assign(tf.zeros([3, 3, 2, 5]));
      loadParameters(copy, checkpoint.sections.online ?? new Map());
      expect(await copy.get('conv.weight').data()).toEqual(await online.get('conv.weight').data());
      const restored = toTensors(checkpoint.sections.queue ?? new Map());
      for (const [name, original] of [
        ['keys/x', keys],
        ['flags', flags],
        ['n', count],
      ] as const) {
        const tensor = restored.get(name);
        expect(tensor?.dtype).toBe(original.dtype);
        expect(tensor?.shape).toEqual(original.shape);
        const [got, wanted] = [await tensor?.data(), await original.data()];
        expect([...(got ?? [])].every((value, i) => Object.is(value, wanted[i]))).toBe(true);
      }
    });

    it('leaks no tensor', async () => {
      const keys = tf.zeros([4, 2]);
      await expectNoLeaks(async () => {
        const { sections } = decodeCheckpoint(
          await encodeCheckpoint({ sections: { queue: new Map([['keys', keys]]) }, record: 1 }),
        );
        const tensors = toTensors(sections.queue ?? new Map());
        tf.dispose([...tensors.values()]);
      });
      expectNoLeaks(() => {
        const section = new Map([
          ['a', { dtype: 'F32', shape: [1], data: Float32Array.of(1) }] as const,
          ['b', { dtype: 'F64', shape: [1], data: Float64Array.of(1) }] as const,
        ]);
        expect(() => toTensors(new Map<string, never>(section as never))).toThrow('tensor b has dtype F64');
      });
      keys.dispose();
    });

    it('refuses section names with a slash and other dtypes', async () => {
      await expect(encodeCheckpoint({ sections: { 'a/b': new Map() }, record: null })).rejects.toThrow(
        "'a/b'",
      );
      const text = tf.tensor(['x']);
      await expect(
        encodeCheckpoint({ sections: { a: new Map([['t', text]]) }, record: null }),
      ).rejects.toThrow('tensor a/t must be float32, int32 or bool, got string');
      text.dispose();
    });
  },
  { backends: ['cpu', 'tensorflow'] },
);

describe('decodeCheckpoint', () => {
  const tensor = { dtype: 'U8', shape: [1], data: Uint8Array.of(1) } as const;
  it('refuses files that are no checkpoint', () => {
    const decode =
      (metadata: Record<string, string>, name = 'a/b') =>
      () =>
        decodeCheckpoint(encodeSafetensors(new Map([[name, tensor]]), metadata));
    const format = 'pixcon-checkpoint-1';
    expect(decode({})).toThrow('exported weights cannot be resumed');
    expect(decode({ format })).toThrow('no readable sections');
    expect(decode({ format, sections: '["a"]', record: '{' })).toThrow('no readable record');
    expect(decode({ format, sections: '["b"]', record: '1' })).toThrow(
      'tensor a/b belongs to no listed section',
    );
    expect(decode({ format, sections: '["a"]', record: '1' }, 'ab')).toThrow(
      'tensor ab belongs to no listed section',
    );
  });
});
