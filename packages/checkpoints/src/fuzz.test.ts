import { readFileSync } from 'node:fs';
import { PixconError, RandomStream } from '@pixcon/core';
import { describe, expect, it } from 'vitest';
import { tinyResNet } from '../test/tiny-resnet.ts';
import { decodeWeights } from './decode-weights.ts';
import { encodeSafetensors } from './encode-safetensors.ts';
import { exportDetectron2 } from './formats/detectron2.ts';
import { decodePickle } from './pickle/decode-pickle.ts';
import { encodePickle } from './pickle/encode-pickle.ts';
import { findBackbone } from './state-dict/find-backbone.ts';
import { toFloat32 } from './state-dict/to-float32.ts';
import { encodeTorch } from './torch/encode-torch.ts';
import { torchPickle } from './torch/torch-pickle.ts';
import { encodeZip } from './zip/encode-zip.ts';

type Mutation = (bytes: Uint8Array, random: RandomStream) => Uint8Array;

const text = (value: string) => [...new TextEncoder().encode(value)];

/** What an attacker would put in: calls, deep nesting, huge lengths, another format's beginning. */
const hostile: readonly (readonly number[])[] = [
  text('cos\nsystem\n(X\x02\x00\x00\x00lstR.'),
  text('cbuiltins\neval\n'),
  text('c__builtin__\nexec\nR'),
  text('ctorch._utils\n_rebuild_tensor_v2\n)R'),
  text('ccollections\nOrderedDict\n)Rb'),
  text('(ios\nsystem\n'),
  text("(cos\nsystem\nS'ls'\no"),
  text('cos\nsystem\n)R}s'),
  text('cnumpy.core.multiarray\n_reconstruct\n)R(K\x01(I-1\nttb'),
  text('c__builtin__\nObject\n)R}(V__proto__\nV__proto__\nub'),
  text('L99999999999999999999999999999999999999999999L\n'),
  [0x8e, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x96, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0],
  [0x29, 0x29, 0x7d, 0x92, 0x62, 0x81, 0x61, 0x75],
  text('PK\x05\x06'),
  text('PK\x01\x02'),
  text('"shape":[9007199254740991]'),
  text('"shape":[4294967296,4294967296]'),
  text('"data_offsets":[0,1e99]'),
  text('[[[[[[[['),
  [0x58, 0xff, 0xff, 0xff, 0x7f],
  [0x8a, 0xff],
  [0x8b, 0xff, 0xff, 0xff, 0x7f],
  [0x72, 0xff, 0xff, 0xff, 0xff],
  [0x4a, 0xff, 0xff, 0xff, 0x7f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
  [0x28, 0x28, 0x28, 0x74, 0x74],
  [0x80, 0x02, 0x7d, 0x71, 0x00, 0x68, 0x00, 0x68, 0x00, 0x73],
];

const mutations: Readonly<Record<string, Mutation>> = {
  truncate: (bytes, random) => bytes.slice(0, random.integer(0, bytes.length)),
  extend: (bytes, random) => new Uint8Array([...bytes, ...bytes.slice(0, random.integer(1, 64))]),
  flipBits: (bytes, random) => {
    const copy = bytes.slice();
    for (let count = random.integer(1, 8); count > 0; count--) {
      const at = random.integer(0, copy.length);
      copy[at] = (copy[at] as number) ^ (1 << random.integer(0, 8));
    }
    return copy;
  },
  overwrite: (bytes, random) => {
    const copy = bytes.slice();
    const start = random.integer(0, copy.length);
    const value = random.chance(0.5) ? 0xff : random.integer(0, 256);
    copy.fill(value, start, start + random.integer(1, 9));
    return copy;
  },
  insertHostile: (bytes, random) => {
    const at = random.integer(0, bytes.length);
    const piece = hostile[random.integer(0, hostile.length)] as readonly number[];
    return new Uint8Array([...bytes.slice(0, at), ...piece, ...bytes.slice(at)]);
  },
  replaceHostile: (bytes, random) => {
    const copy = bytes.slice();
    const piece = hostile[random.integer(0, hostile.length)] as readonly number[];
    copy.set(
      piece.slice(0, copy.length),
      Math.min(random.integer(0, copy.length), Math.max(0, copy.length - piece.length)),
    );
    return copy;
  },
  cutOut: (bytes, random) => {
    const at = random.integer(0, bytes.length);
    return new Uint8Array([...bytes.slice(0, at), ...bytes.slice(at + random.integer(1, 32))]);
  },
  swap: (bytes, random) => {
    const copy = bytes.slice();
    const length = random.integer(1, 32);
    copy.copyWithin(
      random.integer(0, copy.length),
      random.integer(0, copy.length),
      random.integer(0, copy.length) + length,
    );
    return copy;
  },
  nothing: (bytes) => bytes,
};

const fixture = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../test/fixtures/${name}`, import.meta.url)));
const tiny = tinyResNet({ layers: [1], planes: [2], stemSize: 3 });

/** Checksums would stop most changes of an archive at its door: here they are made right again. */
function archive(pickle: Uint8Array): Uint8Array {
  return encodeZip([
    ['x/data.pkl', pickle],
    ['x/data/0', new Uint8Array(96)],
    ['x/data/1', new Uint8Array(8)],
  ]);
}

const load = (bytes: Uint8Array) => toFloat32(findBackbone(decodeWeights(bytes).tensors).tensors);

interface Target {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly read: (bytes: Uint8Array) => unknown;
}

const torchPickleOf = (bytes: Uint8Array) => {
  // `data.pkl` is the first entry, and its size stands in its header of the directory.
  const start = bytes.indexOf(0x80);
  return bytes.slice(start, decodePickle(bytes, torchPickle, start).end);
};

const targets: readonly Target[] = [
  { name: 'safetensors', bytes: encodeSafetensors(tiny, { format: 'pt' }), read: load },
  { name: 'archive', bytes: encodeTorch(tiny), read: load },
  { name: 'archive of PyTorch', bytes: fixture('wrapped.pth'), read: load },
  { name: 'stream of PyTorch', bytes: fixture('stream.pth'), read: load },
  {
    name: 'pickle in an archive',
    bytes: torchPickleOf(fixture('plain.pth')),
    read: (bytes) => load(archive(bytes)),
  },
  {
    name: 'pickle of protocol 4',
    bytes: torchPickleOf(fixture('protocol4.pth')),
    read: (bytes) => load(archive(bytes)),
  },
  {
    name: 'pickle',
    bytes: encodePickle(new Map([['a', [1, 0.5, 'b', null]]]), 2),
    read: (bytes) => decodePickle(bytes),
  },
  {
    name: 'pickle of numpy',
    bytes: exportDetectron2({ tensors: tinyResNet({ planes: [1, 2, 4, 8] }), outputStride: 32 }).bytes.slice(
      0,
      3000,
    ),
    read: (bytes) => decodePickle(bytes, { global: (path) => path }),
  },
  {
    name: 'objects of protocol 2',
    bytes: torchPickleOf(fixture('foreign2.pth')),
    read: (bytes) => load(archive(bytes)),
  },
  {
    name: 'objects of protocol 5',
    bytes: torchPickleOf(fixture('foreign5.pth')),
    read: (bytes) => load(archive(bytes)),
  },
  { name: 'modules', bytes: torchPickleOf(fixture('module.pth')), read: (bytes) => load(archive(bytes)) },
  { name: 'arrays of protocol 0', bytes: fixture('arrays0.pkl'), read: load },
  { name: 'arrays of protocol 5', bytes: fixture('arrays5.pkl'), read: load },
];

const perTarget = 925;
const largestAllocation = 100 * 1024 * 1024;

/** What became of a file: read, or refused with its message. Anything else is a failure of this library. */
function outcome(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (PixconError.isInstance(error) && error.code === 'checkpoint') return error.message;
    throw error;
  }
}

describe('damaged and hostile files', () => {
  it.each(targets)('$name: each is read or refused with one sentence', ({ name, bytes, read }) => {
    const random = new RandomStream(20_240_601).fork(name);
    const kinds = Object.entries(mutations);
    let refused = 0;
    const before = process.resourceUsage().maxRSS;
    for (let round = 0; round < perTarget; round++) {
      const [kind, mutate] = kinds[round % kinds.length] as [string, Mutation];
      let changed = mutate(bytes, random.fork(round));
      // Every third is changed twice.
      if (round % 3 === 0)
        changed = (kinds[(round / 3) % kinds.length] as [string, Mutation])[1](
          changed,
          random.fork(round, 2),
        );
      const label = `${name}, round ${round}, ${kind}`;
      let message: string | undefined;
      try {
        message = outcome(() => read(changed));
      } catch (error) {
        throw new Error(`${label}: ${String(error)}`, { cause: error });
      }
      if (message === undefined) continue;
      refused++;
      expect(message.length, label).toBeLessThan(1500);
      expect(message, label).not.toMatch(/undefined|\[object|NaN\b.*bytes/);
    }
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(refused).toBeGreaterThan(perTarget / 4);
    // The peak, in KiB: what a single file makes it allocate shows even when it is freed again.
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(largestAllocation / 1024);
  });

  it('a truncation at any byte of a safetensors file or a stream is refused', () => {
    for (const bytes of [encodeSafetensors(tiny), fixture('stream.pth')]) {
      for (let length = 0; length < bytes.length; length++) {
        expect(
          outcome(() => decodeWeights(bytes.subarray(0, length))),
          String(length),
        ).toBeTypeOf('string');
      }
    }
  });

  it('a truncated safetensors file names the tensor that it lacks', () => {
    const bytes = encodeSafetensors(tiny);
    const dataStart = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
    for (let length = dataStart; length < bytes.length; length++) {
      const message = outcome(() => decodeWeights(bytes.subarray(0, length)));
      expect(message).toMatch(/tensor (conv1|bn1|layer1\.0\.)[\w.]+ has data_offsets \[\d+, \d+\] outside/);
    }
  });

  it('references that multiply are bounded', () => {
    // 40 lists, each of ten references to the one before: 10^40 leaves if anything walked them.
    const layers = Array.from({ length: 40 }, (_, layer) => [
      ...text(']('),
      ...Array.from({ length: 10 }, () => [0x68, layer]).flat(),
      0x65,
      0x71,
      layer + 1,
    ]);
    const bomb = new Uint8Array([0x80, 2, ...text('}q\x00'), ...layers.flat(), 0x2e]);
    expect(outcome(() => decodeWeights(archive(bomb)))).toContain('it holds no dict with tensors');
    const own = new Uint8Array([0x80, 2, ...text('}q\x00U\x01ah\x00s.')]);
    expect(outcome(() => decodeWeights(archive(own)))).toContain('it holds no dict with tensors');
  });

  it('deep nesting is no recursion', () => {
    const deep = new Uint8Array([0x80, 2, ...text(']'.repeat(150_000)), ...text('a'.repeat(149_999)), 0x2e]);
    expect(outcome(() => decodeWeights(archive(deep)))).toContain('it holds no dict with tensors');
    const header = text(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`);
    const length = new Uint8Array(new BigUint64Array([BigInt(header.length)]).buffer);
    expect(outcome(() => decodeWeights(new Uint8Array([...length, ...header])))).toContain(
      'tensor a must be described',
    );
  });
});
