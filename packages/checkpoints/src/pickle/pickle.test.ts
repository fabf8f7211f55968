import { describe, expect, it } from 'vitest';
import { decodePickle } from './decode-pickle.ts';
import { encodePickle } from './encode-pickle.ts';
import { PickleFunction, type UnpickleOptions } from './unpickler.ts';
import { PickleCall, PickleGlobal, PicklePersistentId, PickleTuple } from './values.ts';

/** Bytes of codes and texts. */
function stream(...parts: (number | string)[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((part) => (typeof part === 'string' ? [...Buffer.from(part)] : [part])),
  );
}

const read = (bytes: Uint8Array, options?: UnpickleOptions) => decodePickle(bytes, options).value;

describe('encodePickle and decodePickle', () => {
  it('give back every kind of value', () => {
    const value = new Map<string, number | string | boolean | null | readonly number[] | PickleTuple<string>>(
      [
        ['whole', -2_000_000_000],
        ['float', 0.1],
        ['text', 'größer 🦊'],
        ['yes', true],
        ['no', false],
        ['nothing', null],
        ['list', [1, 2, 3]],
        ['none', []],
        ['tuple', new PickleTuple(['a', 'b', 'c', 'd'])],
        ['unit', new PickleTuple<string>([])],
      ],
    );
    for (const protocol of [2, 3] as const) expect(read(encodePickle(value, protocol))).toEqual(value);
    expect(read(encodePickle(Uint8Array.of(0, 255), 3))).toEqual(Uint8Array.of(0, 255));
  });

  it('calls stand-ins with the arguments, and gives them outside objects', () => {
    const call = new PickleCall(new PickleGlobal('a.b', 'c'), [new PicklePersistentId('key'), 2], new Map());
    const options: UnpickleOptions = {
      global: (path) => new PickleFunction((parameters) => [path, ...parameters]),
      persistent: (id) => `outside ${String(id)}`,
    };
    expect(read(encodePickle(call, 2), options)).toEqual(['a.b.c', 'outside key', 2]);
  });

  it('goes on from where a pickle ended', () => {
    const first = encodePickle('one', 2);
    const both = new Uint8Array([...first, ...encodePickle('two', 2)]);
    const { value, end } = decodePickle(both);
    expect([value, end, read(both.subarray(end))]).toEqual(['one', first.length, 'two']);
  });

  it('refuses to write what protocol 2 or 32 bits cannot hold', () => {
    expect(() => encodePickle(Uint8Array.of(1), 2)).toThrow('bytes need protocol 3');
    expect(() => encodePickle(2 ** 31, 2)).toThrow('does not fit into 32 bits');
  });
});

describe('decodePickle', () => {
  it('reads what other writers use', () => {
    // {'a': 258, 'b': -1, 'c': 0x1950a86a20f9469cfc6c} with a memo, as Python writes it.
    const magic = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
    const bytes = stream(
      0x80,
      2,
      '}q',
      0,
      '(U',
      1,
      'a',
      'q',
      1,
      'M',
      2,
      1,
      'T',
      1,
      0,
      0,
      0,
      'b',
      0x8a,
      1,
      0xff,
      0x8c,
      1,
      'c',
      0x8a,
      10,
      ...magic,
      'u.',
    );
    expect(read(bytes)).toEqual(
      new Map<string, unknown>([
        ['a', 258],
        ['b', -1],
        ['c', 0x1950a86a20f9469cfc6cn],
      ]),
    );
    expect(
      read(stream(0x80, 4, 0x95, 9, 0, 0, 0, 0, 0, 0, 0, ']', 0x94, 'K', 7, 'ah', 0, 'h', 0, '0.')),
    ).toEqual([7]);
    expect(read(stream(0x80, 4, 0x8f, '(K', 1, 'K', 1, 0x90, '.'))).toEqual(new Set([1]));
    expect(read(stream(0x80, 2, 'K', 1, 'K', 2, 'K', 3, 0x87, '.'))).toEqual(new PickleTuple([1, 2, 3]));
  });

  it.each<[string, Uint8Array, string]>([
    [
      'a call of os.system',
      stream(0x80, 2, 'cos\nsystem\nX', 2, 0, 0, 0, 'ls', 0x85, 'R.'),
      'it asks for os.system',
    ],
    [
      'a global of the stack',
      stream(0x80, 4, 0x8c, 2, 'os', 0x8c, 6, 'system', 0x93, '.'),
      'it asks for os.system',
    ],
    ['a call of a text', stream(0x80, 2, 'U', 1, 'x', ')R.'), 'it calls what is no function'],
    [
      'an object made by a text',
      stream(0x80, 2, 'U', 1, 'x', ')', 0x81, '.'),
      'it calls what is no function',
    ],
    ['an object made by its class', stream(0x80, 2, 'cos\nsystem\n)', 0x81, '.'), 'it asks for os.system'],
    ['an extension code', stream(0x80, 2, 0x82, 1, '.'), 'operation 0x82'],
    ['an instance of protocol 0', stream('(ios\nsystem\n.'), 'operation 0x69'],
    ['protocol 5', stream(0x80, 5, 'N.'), 'it is of protocol 5'],
    ['an outside object', stream(0x80, 2, 'NQ.'), 'data outside of the pickle'],
    ['an empty stack', stream(0x80, 2, '.'), 'empty stack'],
    ['taking below a mark', stream(0x80, 2, 'N(0.'), 'empty stack'],
    ['a mark that is not there', stream(0x80, 2, 'Nt.'), 'mark that is not there'],
    ['an unknown memo', stream(0x80, 2, 'h', 3, '.'), 'recalls object 3'],
    [
      'a text that is cut off',
      stream(0x80, 2, 'X', 0xff, 0xff, 0xff, 0xff, 'abc'),
      'expected 4294967295 more bytes, got 3',
    ],
    ['a text that is not UTF-8', stream(0x80, 2, 'X', 1, 0, 0, 0, 0xff, '.'), 'not UTF-8'],
    ['a huge whole number', stream(0x80, 2, 0x8a, 255), 'a whole number of 255 bytes'],
    ['items of what is no dict', stream(0x80, 2, 'NK', 1, 'K', 2, 's.'), 'no dict'],
    ['a name given twice', stream(0x80, 2, '}(U', 1, 'a', 'NU', 1, 'a', 'Nu.'), 'a dict has "a" twice'],
    ['a key without a value', stream(0x80, 2, '}(Nu.'), 'without a value'],
    ['no end', stream(0x80, 2, 'N'), 'expected 1 more bytes, got 0'],
    ['a line without end', stream(0x80, 2, 'c', 'x'.repeat(400)), 'a line has no end'],
    ['too many objects', stream(0x80, 2, '}0'.repeat(200_001), 'N.'), 'more than 200000 objects'],
    ['too many operations', stream(0x80, 2, 'N0'.repeat(1_000_001), 'N.'), 'more than 2000000 operations'],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => decodePickle(bytes)).toThrow(message);
    expect(() => decodePickle(bytes)).toThrow(expect.objectContaining({ code: 'checkpoint' }));
  });

  it('refuses a list that is made into a dict again and again', () => {
    const pairs = Array.from({ length: 1000 }, (_, key) => ['K', key & 255, 'K', 1, 0x86]).flat();
    const calls = Array.from({ length: 1000 }, () => ['h', 1, 'h', 2, 'R', '0']).flat();
    const bytes = stream(
      0x80,
      2,
      ']q',
      0,
      '(',
      ...pairs,
      'e0ca\nb\nq',
      1,
      '0h',
      0,
      0x85,
      'q',
      2,
      ...calls,
      '.',
    );
    let made = 0;
    const options: UnpickleOptions = {
      global: () =>
        new PickleFunction(([items]) => {
          made++;
          return new Map((items as PickleTuple[]).map((item, at) => [at, item]));
        }),
    };
    expect(() => decodePickle(bytes, options)).toThrow('more than 200000 objects');
    expect(made).toBeLessThan(250);
  });

  it('says where, and after which name', () => {
    const bytes = stream(0x80, 2, '}U', 12, 'conv1.weight', 'cos\nsystem\n');
    expect(() => decodePickle(bytes)).toThrow('refused at byte 28, in or after "conv1.weight"');
  });
});
