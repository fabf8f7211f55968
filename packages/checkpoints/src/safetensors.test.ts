import { PixconError, RandomStream } from '@pixcon/core';
import { describe, expect, it } from 'vitest';
import { decodeSafetensors } from './decode-safetensors.ts';
import { encodeSafetensors } from './encode-safetensors.ts';
import type { EncodableTensor } from './host-tensor.ts';

const sample = (): Map<string, EncodableTensor> =>
  new Map<string, EncodableTensor>([
    ['flag', { dtype: 'BOOL', shape: [3], data: Uint8Array.of(1, 0, 1) }],
    ['weight', { dtype: 'F32', shape: [2, 2], data: Float32Array.of(-0, 1e-45, Number.NaN, -Infinity) }],
    ['empty', { dtype: 'F32', shape: [0, 4], data: new Float32Array(0) }],
    ['step', { dtype: 'I64', shape: [], data: BigInt64Array.of(-(2n ** 60n)) }],
    ['pointer', { dtype: 'I32', shape: [1], data: Int32Array.of(-7) }],
    ['double', { dtype: 'F64', shape: [1], data: Float64Array.of(Math.PI) }],
  ]);

/** A file with any header, and zeros behind it. */
function fileOf(header: string | Uint8Array, dataBytes = 0): Uint8Array {
  const text = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const file = new Uint8Array(8 + text.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  return file;
}

const entry = (dtype: string, shape: number[], offsets: number[]) =>
  JSON.stringify({ dtype, shape, data_offsets: offsets });

describe('encodeSafetensors', () => {
  it('keeps every bit', () => {
    const tensors = sample();
    const decoded = decodeSafetensors(encodeSafetensors(tensors, { note: 'héllo' }));
    expect(decoded.metadata).toEqual({ note: 'héllo' });
    expect(new Set(decoded.tensors.keys())).toEqual(new Set(tensors.keys()));
    for (const [name, { dtype, shape, data }] of tensors) {
      const got = decoded.tensors.get(name);
      expect(got?.dtype).toBe(dtype);
      expect(got?.shape).toEqual(shape);
      expect(new Uint8Array(got?.data.buffer as ArrayBuffer)).toEqual(new Uint8Array(data.buffer));
    }
  });

  it('writes the same bytes whatever the order', () => {
    const reversed = new Map([...sample()].reverse());
    expect(encodeSafetensors(reversed)).toEqual(encodeSafetensors(sample()));
  });

  it('aligns every tensor to its element', () => {
    const bytes = encodeSafetensors(sample());
    const headerLength = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(headerLength % 8).toBe(0);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerLength)));
    expect(header.double.data_offsets[0] % 8).toBe(0);
    expect(header.weight.data_offsets[0] % 4).toBe(0);
    expect(header.flag.data_offsets[1]).toBe(bytes.length - 8 - headerLength);
  });

  it('writes a view of a larger buffer, and no more', () => {
    const data = Float32Array.of(1, 2, 3, 4).subarray(1, 3);
    const bytes = encodeSafetensors(new Map([['a', { dtype: 'F32', shape: [2], data }]]));
    expect(decodeSafetensors(bytes).tensors.get('a')?.data).toEqual(Float32Array.of(2, 3));
  });

  it('takes any name but the reserved one', () => {
    const tensor: EncodableTensor = { dtype: 'U8', shape: [1], data: Uint8Array.of(9) };
    const names = ['__proto__', 'constructor', '', 'a "quoted" \\ name', 'ünï/çode'];
    const decoded = decodeSafetensors(encodeSafetensors(new Map(names.map((name) => [name, tensor]))));
    expect(new Set(decoded.tensors.keys())).toEqual(new Set(names));
    expect(() => encodeSafetensors(new Map([['__metadata__', tensor]]))).toThrow('reserves');
  });

  it('refuses data that does not fill its shape', () => {
    const encode = (tensor: unknown) => () => encodeSafetensors(new Map([['a', tensor as EncodableTensor]]));
    expect(encode({ dtype: 'F32', shape: [3], data: new Float32Array(2) })).toThrow(
      'encodeSafetensors: tensor a of shape [3] needs 3 values, got 2',
    );
    expect(encode({ dtype: 'F32', shape: [1], data: new Float64Array(1) })).toThrow('4 bytes per element');
    expect(encode({ dtype: 'F8', shape: [1], data: new Uint8Array(1) })).toThrow('unknown dtype F8');
    expect(encode({ dtype: 'U8', shape: [-1], data: new Uint8Array(1) })).toThrow('whole numbers');
  });
});

describe('decodeSafetensors', () => {
  it('widens half floats exactly', () => {
    const header = `{"h":${entry('F16', [6], [0, 12])},"b":${entry('BF16', [2], [12, 16])}}`;
    const file = fileOf(header, 16);
    const view = new DataView(file.buffer, file.length - 16);
    // 1, −2, smallest subnormal, largest finite, −infinity, NaN; then bfloat16 1 and −0
    const bits = [0x3c00, 0xc000, 0x0001, 0x7bff, 0xfc00, 0x7e00, 0x3f80, 0x8000];
    for (const [i, value] of bits.entries()) view.setUint16(2 * i, value, true);
    const { tensors } = decodeSafetensors(file);
    expect([...(tensors.get('h')?.data ?? [])]).toEqual([1, -2, 2 ** -24, 65504, -Infinity, Number.NaN]);
    expect([...(tensors.get('b')?.data ?? [])]).toEqual([1, -0]);
  });

  it('reads tensors that lie unaligned', () => {
    const file = fileOf(`{"a":${entry('F32', [1], [0, 4])}}   `, 4);
    new DataView(file.buffer).setFloat32(file.length - 4, 2.5, true);
    const shifted = new Uint8Array(file.length + 1);
    shifted.set(file, 1);
    expect(decodeSafetensors(shifted.subarray(1)).tensors.get('a')?.data).toEqual(Float32Array.of(2.5));
  });

  it.each([
    ['an Uint8Array', (bytes: Uint8Array) => bytes],
    ['a Buffer', (bytes: Uint8Array) => Buffer.from(bytes)],
  ])('gives each tensor memory of its own: %s', (_, wrap) => {
    const bytes = wrap(encodeSafetensors(sample()));
    const { tensors } = decodeSafetensors(bytes);
    bytes.fill(0xff);
    expect(tensors.get('pointer')?.data).toEqual(Int32Array.of(-7));
  });

  const f32 = (shape: number[], offsets: number[]) => entry('F32', shape, offsets);
  it.each([
    ['no file', new Uint8Array(0), 'got a file of 0 bytes'],
    ['a cut header length', new Uint8Array(7), 'got a file of 7 bytes'],
    ['a header beyond the file', fileOf('{}').subarray(0, 9), 'the file is cut off'],
    ['a hostile header length', new Uint8Array(16).fill(0xff), 'above the limit'],
    ['a header that is no JSON', fileOf('{"a":'), 'not JSON'],
    ['a header that is no UTF-8', fileOf(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d)), 'UTF-8'],
    ['a header that is a list', fileOf('[]'), 'JSON object'],
    ['a header that starts late', fileOf(' {}'), 'from its first byte'],
    ['cut data', fileOf(`{"a":${f32([2], [0, 8])}}`, 7), 'tensor a has data_offsets [0, 8] outside'],
    ['trailing data', fileOf(`{"a":${f32([2], [0, 8])}}`, 9), 'last 1 bytes belong to no tensor'],
    ['a gap', fileOf(`{"a":${f32([1], [4, 8])}}`, 8), '4 bytes before tensor a belong to no tensor'],
    ['an overlap', fileOf(`{"a":${f32([2], [0, 8])},"b":${f32([1], [4, 8])}}`, 8), 'tensor b overlaps'],
    ['a shared range', fileOf(`{"a":${f32([2], [0, 8])},"b":${f32([2], [0, 8])}}`, 8), 'tensor b overlaps'],
    ['offsets backwards', fileOf(`{"a":${f32([1], [8, 4])}}`, 8), 'tensor a has data_offsets [8, 4]'],
    [
      'a wrong length',
      fileOf(`{"a":${f32([3], [0, 8])}}`, 8),
      'tensor a of dtype F32 and shape [3] needs 12',
    ],
    ['an absurd shape', fileOf(`{"a":${f32([2 ** 40, 2 ** 40], [0, 0])}}`), 'tensor a of dtype F32'],
    ['a wrapping shape', fileOf(`{"a":${f32([2 ** 32, 2 ** 32], [0, 0])}}`), 'tensor a of dtype F32'],
    ['a negative size', fileOf(`{"a":${f32([-1, -1], [0, 4])}}`, 4), 'tensor a must have a shape'],
    ['a broken size', fileOf(`{"a":${f32([0.5, 2], [0, 4])}}`, 4), 'tensor a must have a shape'],
    [
      'an unknown dtype',
      fileOf(`{"a":${entry('Q4', [1], [0, 1])}}`, 1),
      'tensor a has the unsupported dtype "Q4"',
    ],
    ['an inherited dtype', fileOf(`{"a":${entry('toString', [0], [0, 0])}}`), 'unsupported dtype'],
    [
      'an extra field',
      fileOf('{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":1}}'),
      'unknown field "x"',
    ],
    [
      'a missing field',
      fileOf('{"a":{"dtype":"U8","shape":[0]}}'),
      'tensor a must have two whole data_offsets',
    ],
    ['no description', fileOf('{"a":null}'), 'tensor a must be described'],
    [
      'a name twice',
      fileOf(`{"a":${f32([1], [0, 4])},"\\u0061"  :${f32([1], [0, 4])}}`, 4),
      'the name "a" twice',
    ],
    ['metadata of numbers', fileOf('{"__metadata__":{"n":1}}'), 'strings only, but n'],
    ['metadata that is a list', fileOf('{"__metadata__":[]}'), 'object of strings'],
  ])('refuses %s', (_, file, message) => {
    expect(() => decodeSafetensors(file)).toThrow(message);
    expect(() => decodeSafetensors(file)).toThrow(PixconError);
  });

  it('never fails in another way, and never reads past its input, on damaged files', () => {
    const random = new RandomStream(11);
    const original = encodeSafetensors(sample(), { step: '3' });
    const headerEnd = 8 + Number(new DataView(original.buffer).getBigUint64(0, true));
    let refused = 0;
    for (let round = 0; round < 4000; round++) {
      let file = original.slice();
      for (let change = random.integer(1, 4); change > 0; change--) {
        const kind = random.integer(0, 4);
        const at = random.integer(0, random.chance(0.8) ? Math.min(headerEnd, file.length) : file.length);
        if (kind === 0) file[at] = random.integer(0, 256);
        else if (kind === 1) file[at] = (file[at] ?? 0) ^ (1 << random.integer(0, 8));
        else if (kind === 2) file = file.slice(0, Math.max(1, at));
        else file = Uint8Array.from([...file.slice(0, at), 0x30 + random.integer(0, 10), ...file.slice(at)]);
      }
      try {
        const { tensors } = decodeSafetensors(file);
        let bytes = 0;
        for (const { data, shape } of tensors.values()) {
          expect(data.length).toBe(shape.reduce((product, size) => product * size, 1));
          bytes += data.byteLength;
        }
        expect(bytes).toBeLessThanOrEqual(2 * file.length);
      } catch (error) {
        if (!PixconError.isInstance(error)) throw error;
        expect(error.code).toBe('checkpoint');
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(2000);
  });
});
