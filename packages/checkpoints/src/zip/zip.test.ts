import { describe, expect, it } from 'vitest';
import { crc32 } from './crc32.ts';
import { decodeZip } from './decode-zip.ts';
import { encodeZip } from './encode-zip.ts';

const text = (value: string) => new TextEncoder().encode(value);
const archive = () =>
  encodeZip([
    ['a/first', text('one')],
    ['a/second ü', text('')],
    ['a/third', text('three')],
  ]);

/** Where a signature (`PK` and two bytes) stands for the `n`th time. */
function find(bytes: Uint8Array, code: readonly [number, number], n = 0): number {
  let seen = 0;
  for (let i = 0; i < bytes.length - 4; i++) {
    const here =
      bytes[i] === 0x50 && bytes[i + 1] === 0x4b && bytes[i + 2] === code[0] && bytes[i + 3] === code[1];
    if (here && seen++ === n) return i;
  }
  throw new Error('no such record');
}

const local = [3, 4] as const;
const directory = [1, 2] as const;
const end = [5, 6] as const;

describe('crc32', () => {
  it('has the check value of its definition', () => {
    expect(crc32(text('123456789'))).toBe(0xcbf43926);
    expect(crc32(text(''))).toBe(0);
  });
});

describe('encodeZip and decodeZip', () => {
  it('give back names and data, aligned', () => {
    const bytes = archive();
    const entries = decodeZip(bytes);
    expect([...entries].map(([name, { data }]) => [name, new TextDecoder().decode(data)])).toEqual([
      ['a/first', 'one'],
      ['a/second ü', ''],
      ['a/third', 'three'],
    ]);
    for (const { data, crc } of entries.values()) {
      expect((data.byteOffset - bytes.byteOffset) % 64).toBe(0);
      expect(crc).toBe(crc32(data));
    }
    expect(encodeZip([]).length).toBe(22);
    expect(decodeZip(encodeZip([])).size).toBe(0);
  });

  it('read an archive with a comment', () => {
    const bytes = archive();
    const commented = new Uint8Array([...bytes, ...text('hello')]);
    commented[bytes.length - 2] = 5;
    expect(decodeZip(commented).size).toBe(3);
  });

  it('pass over the compressed source of TorchScript', () => {
    const bytes = encodeZip([
      ['a/code/__torch__.py', text('one')],
      ['a/data.pkl', text('two')],
    ]);
    bytes.set([8], find(bytes, directory) + 10);
    expect([...decodeZip(bytes).keys()]).toEqual(['a/data.pkl']);
  });

  it.each<[string, (bytes: Uint8Array) => void, string]>([
    ['compressed entries', (b) => b.set([8], find(b, directory) + 10), 'entry "a/first" is compressed'],
    ['encrypted entries', (b) => b.set([1], find(b, directory) + 8), 'entry "a/first" is encrypted'],
    [
      'sizes that differ',
      (b) => b.set([9], find(b, directory, 2) + 20),
      'entry "a/third" says that it takes 9 bytes to store 5',
    ],
    [
      'a size beyond the file',
      (b) => b.set([0xff, 0xff, 0, 0, 0xff, 0xff, 0, 0], find(b, directory, 2) + 20),
      'entry "a/third" of 65535 bytes reaches beyond the data',
    ],
    [
      'overlapping entries',
      (b) => b.set([100, 0, 0, 0, 100, 0, 0, 0], find(b, directory) + 20),
      'overlaps the entry before it',
    ],
    [
      'another name in place',
      (b) => b.set(text('b'), find(b, local) + 30),
      'entry "a/first" has another name in place',
    ],
    [
      'a place outside',
      (b) => b.set([0xff, 0xff, 0xff], find(b, directory) + 42),
      'entry "a/first" lies outside of the file',
    ],
    [
      'a wrong place',
      (b) => b.set([1], find(b, directory) + 42),
      'entry "a/first" is not where the directory says',
    ],
    [
      'two entries of one place',
      (b) => b.copyWithin(find(b, directory, 2) + 42, find(b, directory) + 42, find(b, directory) + 46),
      'has another name in place',
    ],
    ['a directory outside', (b) => b.set([0xff, 0xff, 0xff], find(b, end) + 16), 'directory lies outside'],
    ['more entries than the directory has', (b) => b.set([9], find(b, end) + 10), 'expected 4 more bytes'],
    ['the marks of zip64', (b) => b.set([0xff, 0xff, 0xff, 0xff], find(b, end) + 16), '4 GiB or more'],
  ])('refuse %s', (_, change, message) => {
    const bytes = archive();
    change(bytes);
    expect(() => decodeZip(bytes)).toThrow(message);
    expect(() => decodeZip(bytes)).toThrow(expect.objectContaining({ code: 'checkpoint' }));
  });

  it('refuse two entries of one name', () => {
    const twice = encodeZip([
      ['a', text('1')],
      ['a', text('2')],
    ]);
    expect(() => decodeZip(twice)).toThrow('two entries named "a"');
  });

  it('refuse an archive that is cut off anywhere', () => {
    const bytes = archive();
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeZip(bytes.subarray(0, length))).toThrow('cut off');
    }
  });
});
