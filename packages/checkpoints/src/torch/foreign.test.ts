import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { tinyResNet } from '../../test/tiny-resnet.ts';
import { decodeWeights } from '../decode-weights.ts';
import { encodeSafetensors } from '../encode-safetensors.ts';
import { exportDetectron2 } from '../formats/detectron2.ts';
import type { EncodableTensor } from '../host-tensor.ts';
import { encodePickle } from '../pickle/encode-pickle.ts';
import {
  PickleCall,
  PickleGlobal,
  type PickleInput,
  PicklePersistentId,
  PickleTuple,
} from '../pickle/values.ts';
import { findBackbone } from '../state-dict/find-backbone.ts';
import { encodeZip } from '../zip/encode-zip.ts';
import { decodeTorch, type TorchContent } from './decode-torch.ts';

const fixture = (name: string) => readFileSync(new URL(`../../test/fixtures/${name}`, import.meta.url));
const get = ({ tensors }: TorchContent, name: string) => {
  const { dtype, shape, data } = tensors.get(name) ?? expect.fail(name);
  return [dtype, shape, [...data]];
};

/** A tensor of two numbers in the storage of `archive`. */
const pair = (attributes?: PickleInput) =>
  new PickleCall(
    new PickleGlobal('torch._utils', '_rebuild_tensor_v2'),
    [
      new PicklePersistentId(
        new PickleTuple<PickleInput>(['storage', new PickleGlobal('torch', 'FloatStorage'), '0', 'cpu', 2]),
      ),
      0,
      new PickleTuple([2]),
      new PickleTuple([1]),
      false,
      null,
    ],
    attributes,
  );

function archive(value: PickleInput): Uint8Array {
  return encodeZip([
    ['x/data.pkl', encodePickle(value, 3)],
    ['x/data/0', new Uint8Array(Float32Array.of(1, 2).buffer)],
  ]);
}

describe('decodeTorch, of files with more than tensors', () => {
  it.each(['foreign2.pth', 'foreign5.pth'])('reads the tensors of %s and executes nothing', (name) => {
    const content = decodeTorch(fixture(name));
    expect(content.path).toEqual([]);
    expect(get(content, 'state_dict.weight')).toEqual(['F32', [1, 2], [1.5, -2]]);
    expect(get(content, 'state_dict.bias')).toEqual(['F32', [1], [0.5]]);
    expect(get(content, 'array')).toEqual(['I16', [2, 3], [0, 2, 4, 1, 3, 5]]);
    expect(get(content, 'parameter')).toEqual(['F32', [1], [1]]);
    expect(get(content, 'unsigned')).toEqual(['U16', [2], [1, 65_535]]);
    expect(content.aside).toEqual(
      expect.arrayContaining([
        'mmengine.logging.history_buffer.HistoryBuffer',
        'lightning.fabric.utilities.data.AttributeDict',
        'pathlib.PurePosixPath',
        'training.options.Phase',
        'objects (numpy.ndarray)',
        'waves (torch.ComplexFloatStorage)',
      ]),
    );
  });

  it('reads modules and other objects that were saved whole', () => {
    const content = decodeTorch(fixture('module.pth'));
    expect(get(content, 'model.module.inner.0.weight')).toEqual(['F32', [1, 2], [1, 1]]);
    expect(get(content, 'model.module.inner.1.running_var')).toEqual(['F32', [1], [1]]);
    expect(get(content, 'ema.shadow.inner.0.weight')).toEqual(['F32', [1, 2], [2, 2]]);
    expect(content.tensors.size).toBe(14);
    expect(content.aside).toContain('training.models.Tiny');
  });

  it.each(['arrays0.pkl', 'arrays2.pkl', 'arrays5.pkl'])('reads the NumPy arrays of %s', (name) => {
    const content = decodeWeights(fixture(name));
    expect([content.path, content.aside, content.format]).toEqual([['model'], [], 'torch']);
    expect(get(content, 'rows')).toEqual(['F32', [2, 3], [0, 1, 2, 3, 4, 5]]);
    expect(get(content, 'columns')).toEqual(['F64', [2, 3], [0, 1, 2, 3, 4, 5]]);
    expect(get(content, 'big')).toEqual(['I32', [2], [1, -2]]);
    expect(get(content, 'half')).toEqual(['F16', [1], [0.5]]);
    expect(get(content, 'flags')).toEqual(['BOOL', [2], [1, 0]]);
    expect(get(content, 'scalar')).toEqual(['I64', [], [7n]]);
  });

  it('reads back what it exported for Detectron2', () => {
    const tensors = tinyResNet();
    const { bytes } = exportDetectron2({ tensors, outputStride: 32 });
    const found = findBackbone(decodeWeights(bytes).tensors);
    expect(found).toMatchObject({ tensors, layout: 'detectron2', ignored: [] });
  });

  it('tells a pickle from a safetensors file whose length looks like one', () => {
    // A header of 0x280 bytes begins as protocol 2 does.
    const tensors = new Map<string, EncodableTensor>([
      ['a', { dtype: 'F32', shape: [1], data: Float32Array.of(1) }],
    ]);
    const bytes = [...new Array(700).keys()]
      .map((length) => encodeSafetensors(tensors, { text: 'x'.repeat(length) }))
      .find((candidate) => candidate[0] === 0x80 && candidate[1] === 0x02);
    expect(decodeWeights(bytes as Uint8Array)).toMatchObject({ tensors, format: 'safetensors' });
  });

  it('takes dicts of several networks together, by their keys', () => {
    const file = (keys: readonly string[]) =>
      decodeTorch(archive(new Map(keys.map((key) => [key, new Map([['w', pair()]])]))));
    expect(file(['model'])).toMatchObject({ path: ['model'] });
    expect([...file(['model', 'ema']).tensors.keys()]).toEqual(['model.w', 'ema.w']);
    expect([...decodeTorch(archive([new Map([['w', pair()]]), 3])).path]).toEqual(['0']);
    const nested = new Map([['a', new Map([['b', new Map([['c', new Map([['d', pair()]])]])]])]]);
    expect(decodeTorch(archive(nested)).path).toEqual(['a', 'b', 'c']);
  });

  it.each<[string, PickleInput, readonly string[]]>([
    ['a subclass of dict', new PickleCall(new PickleGlobal('my', 'Dict'), [new Map([['w', pair()]])]), ['w']],
    ['a dict with a default', new PickleCall(new PickleGlobal('collections', 'defaultdict'), [null]), []],
    [
      'an object with slots',
      new PickleCall(new PickleGlobal('my', 'Slots'), [], new PickleTuple([null, new Map([['w', pair()]])])),
      ['w'],
    ],
    [
      'a tensor of a subclass',
      new PickleCall(new PickleGlobal('torch._tensor', '_rebuild_from_type_v2'), [
        new PickleGlobal('torch._utils', '_rebuild_tensor_v2'),
        new PickleGlobal('my', 'Tensor'),
        new PickleTuple(pair().parameters),
        new Map(),
      ]),
      [''],
    ],
    [
      'a parameter with attributes',
      new PickleCall(new PickleGlobal('torch._utils', '_rebuild_parameter_with_state'), [
        pair(),
        true,
        null,
        new Map(),
      ]),
      [''],
    ],
    ['a tensor with attributes', pair(new Map([['tag', 1]])), ['']],
    [
      'a module of a file before PyTorch 1.6',
      new PickleCall(
        new PicklePersistentId(
          new PickleTuple<PickleInput>(['module', new PickleGlobal('my', 'Net'), 'net.py', 'class Net: …']),
        ) as unknown as PickleGlobal,
        [],
        new Map<string, PickleInput>([
          [
            '_parameters',
            new Map([
              ['w', pair()],
              ['none', null],
            ] as [string, PickleInput][]),
          ],
          ['_buffers', new Map()],
          ['_modules', new Map()],
          ['again', pair()],
        ]),
      ),
      ['w'],
    ],
  ])('finds the tensors in %s', (_, value, names) => {
    const beside = pair();
    const { tensors } = decodeTorch(
      archive(
        new Map([
          ['beside', beside],
          ['value', value],
        ]),
      ),
    );
    expect([...tensors.keys()]).toEqual([
      'beside',
      ...names.map((name) => (name ? `value.${name}` : 'value')),
    ]);
  });

  it('reads protocol 0, whose references PyTorch writes as texts', () => {
    const pickle = (id: string) =>
      encodeZip([
        [
          'x/data.pkl',
          new TextEncoder().encode(
            `(dp0\nS'w'\nctorch._utils\n_rebuild_tensor_v2\n(P${id}\nI0\n(I2\nt(I1\ntI00\nNtRs.`,
          ),
        ],
        ['x/data/0', new Uint8Array(Float32Array.of(1, 2).buffer)],
      ]);
    const written = "('storage', <class 'torch.FloatStorage'>, '0', 'cpu', 2)";
    expect(get(decodeTorch(pickle(written)), 'w')).toEqual(['F32', [2], [1, 2]]);
    for (const other of ["('storage', <class 'torch.Thing'>, '0', 'cpu', 2)", '__proto__', '']) {
      expect(() => decodeTorch(pickle(other))).toThrow('it refers to a storage that is none');
    }
  });

  it('names a storage of a stream whose size is unknown', () => {
    const id = new PicklePersistentId(
      new PickleTuple<PickleInput>([
        'storage',
        new PickleGlobal('torch', 'QUInt8Storage'),
        '0',
        'cpu',
        2,
        null,
      ]),
    );
    const stream = [
      Uint8Array.of(0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e),
      encodePickle(1001, 2),
      encodePickle(new Map([['little_endian', true]]), 2),
      encodePickle(new Map([['w', id]]), 2),
    ];
    expect(() => decodeTorch(Uint8Array.from(stream.flatMap((part) => [...part])))).toThrow(
      'it has a storage of torch.QUInt8Storage, which is not read',
    );
  });

  it('names a pickle of nothing but objects, and how to save weights', () => {
    const bytes = archive(new PickleCall(new PickleGlobal('my', 'Trainer'), [], new Map([['lr', 0.1]])));
    expect(() => decodeTorch(bytes)).toThrow(
      'it holds no dict with tensors, but my.Trainer; nothing was executed. Load it in PyTorch, and save the state dict alone: torch.save(model.state_dict(), …)',
    );
  });

  it('refuses dicts that multiply a tensor, or the letters of its name', () => {
    // Each dict holds the one before ten times, by the memo: a million ways to one tensor.
    const multiplied = (key: string) => {
      const text = (value: string) => [
        0x58,
        value.length & 255,
        value.length >> 8,
        0,
        0,
        ...Buffer.from(value),
      ];
      const tensor = [...encodePickle(pair(), 2)].slice(2, -1);
      const layers = Array.from({ length: 7 }, (_, layer) => [
        ...[0x7d, 0x28],
        ...Array.from({ length: 10 }, (_, index) => [...text(`${index}${key}`), 0x68, layer]).flat(),
        ...[0x75, 0x71, layer + 1],
      ]);
      return encodeZip([
        ['x/data.pkl', Uint8Array.from([0x80, 2, ...tensor, 0x71, 0, ...layers.flat(), 0x2e])],
        ['x/data/0', new Uint8Array(8)],
      ]);
    };
    for (const key of ['', 'long'.repeat(5000)]) {
      expect(() => decodeTorch(multiplied(key))).toThrow('the names of its tensors have no end');
    }
  });

  it('refuses two tensors of one name', () => {
    const twice = new Map<string, PickleInput>([
      ['a', new Map([['b.c', pair()]])],
      ['a.b', new Map([['c', pair()]])],
    ]);
    expect(() => decodeTorch(archive(twice))).toThrow('it has two tensors named "a.b.c"');
  });

  it('refuses an array whose bytes do not fill it', () => {
    const array = (shape: number, dtype: string, data: PickleInput) =>
      new PickleCall(
        new PickleGlobal('numpy.core.multiarray', '_reconstruct'),
        [new PickleGlobal('numpy', 'ndarray'), new PickleTuple([0]), Uint8Array.of(0x62)],
        new PickleTuple<PickleInput>([
          1,
          new PickleTuple([shape]),
          new PickleCall(new PickleGlobal('numpy', 'dtype'), [dtype, false, true], new PickleTuple([3, '<'])),
          false,
          data,
        ]),
      );
    const read = (value: PickleInput) => decodeTorch(encodePickle(new Map([['w', value]]), 3));
    expect(() => read(array(2 ** 30, 'f4', new Uint8Array(8)))).toThrow(/tensor w: up to it, tensors take/);
    expect(() => read(array(2, 'f4', new Uint8Array(4)))).toThrow('tensor w: expected 2 elements of F32');
    expect(() => read(array(1, 'f4', '€uro'))).toThrow('tensor w: the bytes of a NumPy array are a text');
    expect(() => read(array(1, 'f4', null))).toThrow('tensor w: a NumPy array has no bytes');
    expect(() => read(array(1, 'constructor', null))).toThrow('but w (numpy.ndarray)');
  });
});
