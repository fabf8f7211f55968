import { describe, expect, it } from 'vitest';
import { decodePickle } from './decode-pickle.ts';
import { encodePickle } from './encode-pickle.ts';
import type { UnpickleOptions } from './unpickler.ts';
import {
  PickleCall,
  PickleFunction,
  PickleGlobal,
  PickleObject,
  PicklePersistentId,
  PickleTuple,
} from './values.ts';

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
    ['a call of a text', stream(0x80, 2, 'U', 1, 'x', ')R.'), 'it calls what is no function'],
    [
      'an object made by a text',
      stream(0x80, 2, 'U', 1, 'x', ')', 0x81, '.'),
      'it calls what is no function',
    ],
    ['an extension code', stream(0x80, 2, 0x82, 1, '.'), 'operation 0x82'],
    ['a buffer outside of the file', stream(0x80, 5, 0x97, '.'), 'operation 0x97'],
    ['protocol 6', stream(0x80, 6, 'N.'), 'it is of protocol 6, expected 0 to 5'],
    ['a whole number without digits', stream('Iconstructor\n.'), 'it has "constructor" as a whole number'],
    ['a number that is none', stream('Fconstructor\n.'), 'it has "constructor" as a number'],
    ['a text without quotes', stream('Sabc\n.'), 'a text has no quotes'],
    ['a letter that is none', stream('V\\UFFFFFFFF\n.'), 'a text has a letter that is none'],
    ['the number of no object', stream('Np-1\n.'), 'it has "-1" as the number of an object'],
    ['a long line without end', stream('V', 'x'.repeat(400)), 'a line has no end'],
    ['bytes beyond the file', stream(0x80, 4, 0x8e, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), 'got 0'],
    ['an outside object', stream(0x80, 2, 'NQ.'), 'data outside of the pickle'],
    ['an empty stack', stream(0x80, 2, '.'), 'empty stack'],
    ['taking below a mark', stream(0x80, 2, 'N(Q.'), 'empty stack'],
    ['a mark that is not there', stream(0x80, 2, 'Nt.'), 'mark that is not there'],
    ['an unknown memo', stream(0x80, 2, 'h', 3, '.'), 'recalls object 3'],
    [
      'a text that is cut off',
      stream(0x80, 2, 'X', 0xff, 0xff, 0xff, 0xff, 'abc'),
      'expected 4294967295 more bytes, got 3',
    ],
    ['a text that is not UTF-8', stream(0x80, 2, 'X', 1, 0, 0, 0, 0xff, '.'), 'not UTF-8'],
    ['a huge whole number', stream(0x80, 2, 0x8b, 0, 0, 0, 1), 'a whole number of 16777216 bytes'],
    ['an object made of no tuple', stream(0x80, 2, 'ca\nb\n]R.'), 'without a tuple'],
    ['items of what is no dict', stream(0x80, 2, 'NK', 1, 'K', 2, 's.'), 'no dict'],
    ['a name given twice', stream(0x80, 2, '}(U', 1, 'a', 'NU', 1, 'a', 'Nu.'), 'a dict has "a" twice'],
    ['a key without a value', stream(0x80, 2, '}(Nu.'), 'without a value'],
    ['no end', stream(0x80, 2, 'N'), 'expected 1 more bytes, got 0'],
    ['a line without end', stream(0x80, 2, 'c', 'x'.repeat(400)), 'a line has no end'],
    ['too many objects', Buffer.from('}0'.repeat(200_001)), 'more than 200000 objects'],
    ['too many names', Buffer.from('ca\nb\n0'.repeat(200_001)), 'more than 200000 objects'],
    ['too many operations', new Uint8Array(2_000_002).fill(0x4e), 'more than 2000000 operations'],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => decodePickle(bytes)).toThrow(message);
    expect(() => decodePickle(bytes)).toThrow(expect.objectContaining({ code: 'checkpoint' }));
  });

  it.each<[string, Uint8Array]>([
    ['a call', stream(0x80, 2, 'cos\nsystem\nX', 2, 0, 0, 0, 'ls', 0x85, 'R.')],
    [
      'a global of the stack',
      stream(0x80, 4, 0x8c, 2, 'os', 0x8c, 6, 'system', 0x93, 0x8c, 2, 'ls', 0x85, 'R.'),
    ],
    ['an object of its class', stream(0x80, 2, 'cos\nsystem\nU', 2, 'ls', 0x85, 0x81, '.')],
    ['one with named arguments', stream(0x80, 4, 'cos\nsystem\n', 0x8c, 2, 'ls', 0x85, '}', 0x92, '.')],
    ['an instance of protocol 0', stream("(S'ls'\nios\nsystem\n.")],
    ['an instance of protocol 1', stream('(cos\nsystem\nU', 2, 'lso.')],
  ])('keeps %s as a note, and runs nothing', (_, bytes) => {
    expect(read(bytes)).toEqual(new PickleObject(new PickleGlobal('os', 'system'), ['ls']));
  });

  it('keeps what an object of another class would be given', () => {
    // An object of a.b with attributes, one that it would have made, items and entries.
    const object = read(
      stream(0x80, 2, 'ca\nb\n)R}U', 1, 'x', 'K', 1, 's', 'b(K', 2, 'K', 3, 'eU', 1, 'k', 'K', 4, 's.'),
    );
    expect(object).toBeInstanceOf(PickleObject);
    const { path, parameters, state, items, entries } = object as PickleObject;
    expect([path, parameters]).toEqual(['a.b', []]);
    expect(state).toEqual(new Map([['x', 1]]));
    expect([items, entries]).toEqual([[2, 3], new Map([['k', 4]])]);
    const made = read(stream(0x80, 2, 'ca\nb\n)R)R.')) as PickleObject;
    expect([made.path, made.callable]).toEqual(['', new PickleObject(new PickleGlobal('a', 'b'), [])]);
    const named = read(stream(0x80, 2, 'c__main__\n__proto__\n)R}U', 9, '__proto__', 'K', 1, 'sb.'));
    expect((named as PickleObject).state).toEqual(new Map([['__proto__', 1]]));
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it('reads protocol 0, which is lines of text', () => {
    const lines = [
      "(dp0\nS'a\\x80\\n\\''\np1\n(lp2\nI1\naI01\naI00\naL12345678901234567890L\naF0.5\naFnan\naF-inf\nas",
      'V\\u20ac \xe9\\U0001f98a\n(I1\nI2\ntsNg2\ns.',
    ];
    const bytes = Uint8Array.from(lines.join(''), (letter) => letter.charCodeAt(0));
    const list = [1, true, false, 12_345_678_901_234_567_890n, 0.5, Number.NaN, Number.NEGATIVE_INFINITY];
    expect(read(bytes)).toEqual(
      new Map<unknown, unknown>([
        ["a\x80\n'", list],
        ['€ é🦊', new PickleTuple([1, 2])],
        [null, list],
      ]),
    );
  });

  it('reads what protocols 1 to 5 add', () => {
    expect(read(stream('(K', 1, 'K', 2, 'l.'))).toEqual([1, 2]);
    expect(read(stream('(K', 1, 'K', 2, 'd.'))).toEqual(new Map([[1, 2]]));
    expect(read(stream('](N2t.'))).toEqual(new PickleTuple([null, null]));
    expect(read(stream(0x80, 4, '(K', 1, 0x91, '.'))).toEqual(new Set([1]));
    expect(read(stream(0x80, 5, 0x96, 2, 0, 0, 0, 0, 0, 0, 0, 7, 8, '.'))).toEqual(Uint8Array.of(7, 8));
    expect(read(stream(0x80, 4, 0x8d, 1, 0, 0, 0, 0, 0, 0, 0, 'a.'))).toBe('a');
    const large = [0x8b, 17, 0, 0, 0, ...new Array<number>(16).fill(0), 4];
    expect(read(stream(0x80, 2, ...large, '.'))).toBe(2n ** 130n);
    // Bytes of Python 2 are texts: 0x80 is no euro sign.
    expect(read(stream('U', 2, 0x80, 0xff, '.'))).toBe('\x80\xff');
  });

  it('takes a mark off with nothing above it', () => {
    expect(read(stream(0x80, 2, 'N(0.'))).toBeNull();
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
    const bytes = stream(0x80, 2, '}U', 12, 'conv1.weight', 0x82);
    expect(() => decodePickle(bytes)).toThrow('refused at byte 18, in or after "conv1.weight"');
  });
});
