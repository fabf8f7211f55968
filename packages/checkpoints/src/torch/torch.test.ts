import { readFileSync } from 'node:fs';
import { RandomStream } from '@pixcon/core';
import { describe, expect, it } from 'vitest';
import type { EncodableTensor } from '../host-tensor.ts';
import { encodePickle } from '../pickle/encode-pickle.ts';
import {
  PickleCall,
  PickleGlobal,
  type PickleInput,
  PicklePersistentId,
  PickleTuple,
} from '../pickle/values.ts';
import { encodeZip } from '../zip/encode-zip.ts';
import { decodeTorch } from './decode-torch.ts';
import { encodeTorch } from './encode-torch.ts';

const fixture = (name: string) => readFileSync(new URL(`../../test/fixtures/${name}`, import.meta.url));
const range = (length: number) => Array.from({ length }, (_, i) => i);

/** A tensor as a pickle describes it. */
interface Described {
  readonly offset?: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly length: number;
  readonly storage?: string;
}

function describeTensor({
  offset = 0,
  shape,
  strides,
  length,
  storage = 'FloatStorage',
}: Described): PickleCall {
  const id = new PickleTuple<PickleInput>([
    'storage',
    new PickleGlobal('torch', storage),
    '0',
    'cpu',
    length,
  ]);
  return new PickleCall(new PickleGlobal('torch._utils', '_rebuild_tensor_v2'), [
    new PicklePersistentId(id),
    offset,
    new PickleTuple(shape),
    new PickleTuple(strides),
    false,
    null,
  ]);
}

/** A `.pth` with one storage of `data` and the tensors that are described. */
function archive(tensors: Readonly<Record<string, PickleInput>>, data: Uint8Array): Uint8Array {
  return encodeZip([
    ['x/data.pkl', encodePickle(new Map(Object.entries(tensors)), 2)],
    ['x/data/0', data],
  ]);
}

const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);

describe('decodeTorch', () => {
  it.each([
    ['plain.pth', [], ''],
    ['protocol4.pth', [], ''],
    ['wrapped.pth', ['state_dict'], 'module.'],
    ['stream.pth', ['state_dict'], 'module.'],
  ])('reads %s, which PyTorch wrote', (name, path, prefix) => {
    const content = decodeTorch(fixture(name));
    expect(content.path).toEqual(path);
    const get = (key: string) => {
      const { dtype, shape, data } = content.tensors.get(prefix + key) ?? expect.fail(key);
      return [dtype, shape, [...data]];
    };
    const transposed = range(24).map((i) => (i % 4) * 6 + Math.floor(i / 4));
    expect(content.tensors.size).toBe(10);
    expect(get('plain')).toEqual(['F32', [2, 3, 4], range(24)]);
    expect(get('transposed')).toEqual(['F32', [6, 4], transposed]);
    expect(get('window')).toEqual(['F32', [2, 3], [8, 9, 10, 14, 15, 16]]);
    expect(get('parameter')).toEqual(['F32', [2], [1.5, -2]]);
    expect(get('scalar')).toEqual(['I64', [], [7n]]);
    expect(get('double')).toEqual(['F64', [1], [1 / 3]]);
    expect(get('half')).toEqual(['F16', [2], [1.5, -0.25]]);
    expect(get('bfloat')).toEqual(['BF16', [2], [1.5, -0.25]]);
    expect(get('empty')).toEqual(['F32', [0, 3], []]);
    expect(get('flags')).toEqual(['BOOL', [2], [1, 0]]);
  });

  it('names the tensor that a cut-off stream lacks', () => {
    const bytes = fixture('stream.pth');
    expect(() => decodeTorch(bytes.subarray(0, bytes.length - 1))).toThrow(
      /tensor module\.\w+: storage \d+ is missing/,
    );
  });

  it('names the tensor whose bytes are damaged', () => {
    const bytes = encodeTorch(
      new Map([['conv1.weight', { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) }]]),
    );
    const at = bytes.indexOf(0x80, 128);
    const damaged = bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));
    expect(() => decodeTorch(damaged)).toThrow(
      'tensor conv1.weight: the bytes of entry data/0 do not fit their checksum',
    );
  });

  it.each<[string, Described, string]>([
    [
      'a shape larger than the storage',
      { shape: [3], strides: [1], length: 2 },
      'shape [3] with strides [1] from 0 on does not fit into 2 elements',
    ],
    [
      'an offset beyond the storage',
      { offset: 2, shape: [1], strides: [1], length: 2 },
      'from 2 on does not fit',
    ],
    ['strides beyond the storage', { shape: [2], strides: [9], length: 2 }, 'does not fit'],
    [
      'one element as many',
      { shape: [1000, 1000], strides: [0, 0], length: 2 },
      'tensors take 4000000 bytes',
    ],
    ['one element as three', { shape: [3], strides: [0], length: 2 }, 'does not fit'],
    [
      'a storage of another length',
      { shape: [2], strides: [1], length: 3 },
      'expected 3 elements of F32 (12 bytes), got 8 bytes',
    ],
    [
      'a shape without its strides',
      { shape: [2], strides: [], length: 2 },
      'no valid offset, size and stride',
    ],
    ['a negative size', { shape: [-1], strides: [1], length: 2 }, 'no valid offset'],
    ['a fraction', { shape: [1.5], strides: [1], length: 2 }, 'no valid offset'],
    [
      'an unknown storage',
      { shape: [2], strides: [1], length: 2, storage: 'QUInt8Storage' },
      'but torch.QUInt8Storage, conv1.weight (torch.QUInt8Storage); nothing was executed',
    ],
    [
      'an inherited name',
      { shape: [2], strides: [1], length: 2, storage: 'constructor' },
      'it holds no dict with tensors, but torch.constructor, conv1.weight (torch.constructor)',
    ],
  ])('refuses %s', (_, described, message) => {
    const bytes = archive({ 'conv1.weight': describeTensor(described) }, floats(1, 2));
    expect(() => decodeTorch(bytes)).toThrow(message);
    expect(() => decodeTorch(bytes)).toThrow('conv1.weight');
    expect(() => decodeTorch(bytes)).toThrow(expect.objectContaining({ code: 'checkpoint' }));
  });

  it('takes any window that lies in its storage, and no other', () => {
    const random = new RandomStream(11);
    const length = 24;
    let taken = 0;
    for (let round = 0; round < 600; round++) {
      const rank = random.integer(0, 4);
      const shape = Array.from({ length: rank }, () => random.integer(round % 10 === 0 ? 0 : 1, 5));
      const strides = Array.from({ length: rank }, () => random.integer(0, 9));
      const offset = random.integer(0, random.chance(0.1) ? 40 : 6);
      // Every position of the window, one axis after the other.
      const positions = shape.reduce<number[]>(
        (before, size, axis) =>
          before.flatMap((start) => range(size).map((i) => start + i * (strides[axis] as number))),
        [offset],
      );
      const fits = positions.length <= length && positions.every((position) => position < length);
      const bytes = archive(
        { w: describeTensor({ offset, shape, strides, length }) },
        floats(...range(length)),
      );
      const label = JSON.stringify({ offset, shape, strides });
      if (!fits) expect(() => decodeTorch(bytes), label).toThrow('tensor w: ');
      else
        expect(Array.from(decodeTorch(bytes).tensors.get('w')?.data ?? [], Number), label).toEqual(positions);
      taken += Number(fits);
    }
    expect(taken).toBeGreaterThan(100);
    expect(taken).toBeLessThan(500);
  });

  it('takes the dtype of a storage from its class only', () => {
    const id = new PickleTuple<PickleInput>(['storage', 'constructor', '0', 'cpu', 2]);
    const tensor = new PickleCall(new PickleGlobal('torch._utils', '_rebuild_tensor_v2'), [
      new PicklePersistentId(id),
      0,
      new PickleTuple([2]),
      new PickleTuple([1]),
    ]);
    expect(() => decodeTorch(archive({ w: tensor }, floats(1, 2)))).toThrow(
      'refers to a storage that is none',
    );
  });

  it('shares a storage between tensors, up to four times the file', () => {
    const whole = describeTensor({ shape: [64], strides: [1], length: 64 });
    const share = (count: number) => Object.fromEntries(range(count).map((i) => [`t${i}`, whole]));
    const data = floats(...range(64));
    expect(decodeTorch(archive(share(3), data)).tensors.get('t2')?.data).toEqual(
      Float32Array.from(range(64)),
    );
    const large = describeTensor({ shape: [4096], strides: [1], length: 4096 });
    const many = Object.fromEntries(range(9).map((i) => [`t${i}`, large]));
    expect(() => decodeTorch(archive(many, new Uint8Array(4 * 4096)))).toThrow(
      /tensor t[4-8]: up to it, tensors take/,
    );
  });

  it('executes nothing', () => {
    const hostile = new PickleCall(new PickleGlobal('os', 'system'), ['touch /tmp/pwned']);
    expect(() => decodeTorch(archive({ 'conv1.weight': hostile }, floats()))).toThrow(
      'it holds no dict with tensors, but os.system; nothing was executed',
    );
    const tensor = describeTensor({ shape: [2], strides: [1], length: 2 });
    const { tensors, aside } = decodeTorch(archive({ a: tensor, 'conv1.weight': hostile }, floats(1, 2)));
    expect([[...tensors.keys()], aside]).toEqual([['a'], ['os.system']]);
  });

  it('passes over the options of a training script', () => {
    const options = new PickleCall(new PickleGlobal('argparse', 'Namespace'), [], new Map([['lr', 0.1]]));
    const tensor = describeTensor({ shape: [2], strides: [1], length: 2 });
    const bytes = archive({ args: options, model: new Map([['a', tensor]]) }, floats(1, 2));
    expect(decodeTorch(bytes)).toMatchObject({ path: ['model'] });
  });

  it.each<[string, Uint8Array, string]>([
    ['an empty file', new Uint8Array(), 'expected a file of torch.save'],
    ['a text', new TextEncoder().encode('<!doctype html>'), 'expected a file of torch.save'],
    ['a bare pickle', encodePickle(new Map(), 2), 'it holds no dict with tensors'],
    [
      'an archive of something else',
      encodeZip([['a.txt', new Uint8Array(3)]]),
      'expected one data.pkl in the archive, got 0',
    ],
    ['an archive without tensors', archive({ epoch: 3 }, floats()), 'it holds no dict with tensors'],
    [
      'a big-endian archive',
      encodeZip([
        ['x/data.pkl', encodePickle(null, 2)],
        ['x/byteorder', new TextEncoder().encode('big')],
      ]),
      'big-endian',
    ],
    [
      'a tensor without its storage',
      encodeZip([
        [
          'x/data.pkl',
          encodePickle(new Map([['w', describeTensor({ shape: [1], strides: [1], length: 1 })]]), 2),
        ],
      ]),
      'tensor w: the archive has no entry data/0',
    ],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => decodeTorch(bytes)).toThrow(message);
  });
});

describe('encodeTorch', () => {
  it('gives back what it wrote', () => {
    const tensors = new Map<string, EncodableTensor>([
      ['conv1.weight', { dtype: 'F32', shape: [2, 1, 1, 3], data: Float32Array.from(range(6)) }],
      ['bn1.num_batches_tracked', { dtype: 'I64', shape: [], data: BigInt64Array.of(-5n) }],
    ]);
    const bytes = encodeTorch(tensors, { meta: new Map([['epoch', 3]]) });
    expect(decodeTorch(bytes)).toEqual({ tensors, path: ['state_dict'], aside: [] });
  });

  it('refuses other dtypes', () => {
    const tensors = new Map<string, EncodableTensor>([
      ['a', { dtype: 'U8', shape: [1], data: Uint8Array.of(1) }],
    ]);
    expect(() => encodeTorch(tensors)).toThrow('tensor a must be F32 or I64, got U8');
  });
});
