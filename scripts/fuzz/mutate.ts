import type { RandomStream } from '@pixcon/core';

type Mutation = (bytes: Uint8Array, random: RandomStream, others: readonly Uint8Array[]) => Uint8Array;

const text = (value: string) => [...new TextEncoder().encode(value)];

/** What an attacker would put in: lengths at the edges of number types, beginnings of other formats, markup. */
const pieces: readonly (readonly number[])[] = [
  [0xff, 0xff, 0xff, 0xff],
  [0x7f, 0xff, 0xff, 0xff],
  [0xff, 0xff, 0xff, 0x7f],
  [0x80, 0x00, 0x00, 0x00],
  [0x00, 0x00, 0x00, 0x80],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f, 0x00],
  [0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00],
  [0xff, 0xd8, 0xff, 0xd9],
  [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
  [0xef, 0xbb, 0xbf],
  [0xfe, 0xff],
  [0xc0, 0x80],
  [0xed, 0xa0, 0x80],
  text('IEND'),
  text('IDAT'),
  text('RIFF\xff\xff\xff\x7fWEBP'),
  text('PK\x03\x04'),
  text('PK\x05\x06'),
  text('{"__proto__":{"polluted":1}}'),
  text('[[[[[[[['),
  text('1e999'),
  text('-0'),
  text('%s%n$(){}`'),
  text('../../../'),
];

const pick = <T>(random: RandomStream, from: readonly T[]): T => from[random.integer(0, from.length)] as T;
const concatenate = (...parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
/** Somewhere in the bytes, more often near the beginning, where headers are. */
const place = (random: RandomStream, length: number) =>
  random.integer(0, Math.max(1, random.chance(0.5) ? Math.min(length, 64) : length));

const mutations: readonly Mutation[] = [
  function flipBits(bytes, random) {
    const copy = bytes.slice();
    for (let count = random.integer(1, 9); count > 0 && copy.length > 0; count--) {
      const at = place(random, copy.length);
      copy[at] = (copy[at] as number) ^ (1 << random.integer(0, 8));
    }
    return copy;
  },
  function overwrite(bytes, random) {
    const at = place(random, bytes.length);
    return bytes.slice().fill(random.integer(0, 256), at, at + random.integer(1, 17));
  },
  function truncate(bytes, random) {
    return bytes.slice(0, place(random, bytes.length));
  },
  function cutOut(bytes, random) {
    const at = place(random, bytes.length);
    return concatenate(bytes.subarray(0, at), bytes.subarray(at + random.integer(1, 65)));
  },
  function duplicate(bytes, random) {
    const at = place(random, bytes.length);
    const part = bytes.subarray(at, at + random.integer(1, 257));
    const copies = Array.from({ length: random.integer(1, 65) }, () => part);
    return concatenate(bytes.subarray(0, at), ...copies, bytes.subarray(at));
  },
  function splice(bytes, random, others) {
    const other = others.length > 0 ? pick(random, others) : bytes;
    return concatenate(
      bytes.subarray(0, place(random, bytes.length)),
      other.subarray(place(random, other.length)),
    );
  },
  function insertPiece(bytes, random) {
    const at = place(random, bytes.length);
    return concatenate(bytes.subarray(0, at), Uint8Array.from(pick(random, pieces)), bytes.subarray(at));
  },
  function overwriteByPiece(bytes, random) {
    const copy = bytes.slice();
    const piece = pick(random, pieces).slice(0, copy.length);
    copy.set(piece, Math.min(place(random, copy.length), copy.length - piece.length));
    return copy;
  },
  function changeNumber(bytes, random) {
    const copy = bytes.slice();
    const width = pick(random, [2, 4] as const);
    if (copy.length < width) return copy;
    const at = Math.min(place(random, copy.length), copy.length - width);
    const view = new DataView(copy.buffer);
    const [isLittle, change] = [random.chance(0.5), pick(random, [-1, 1, 8, 255, -256, 65_535])];
    if (width === 2) view.setUint16(at, view.getUint16(at, isLittle) + change, isLittle);
    else view.setUint32(at, view.getUint32(at, isLittle) + change, isLittle);
    return copy;
  },
  function append(bytes, random, others) {
    const other = others.length > 0 ? pick(random, others) : bytes;
    return concatenate(bytes, other.subarray(0, random.integer(1, 513)));
  },
];

/** One to three changes; `others` are files to splice with. Now and then none: an unharmed file must be read. */
export function mutate(
  bytes: Uint8Array,
  random: RandomStream,
  others: readonly Uint8Array[] = [],
): Uint8Array {
  let changed = bytes;
  for (let count = random.chance(0.02) ? 0 : random.integer(1, 4); count > 0; count--) {
    changed = pick(random, mutations)(changed, random, others);
  }
  return changed;
}

/** A file that consists of parts with a structure of their own: chunks, segments, entries. */
export interface Parts<Part> {
  readonly split: (bytes: Uint8Array) => Part[];
  /** Makes lengths and checksums right again, which would stop most changes at the door. */
  readonly join: (parts: readonly Part[]) => Uint8Array;
  readonly change: (part: Part, random: RandomStream) => Part;
}

/** Leaves out, repeats, moves and changes parts. */
export function mutateParts<Part>(
  bytes: Uint8Array,
  { split, join, change }: Parts<Part>,
  random: RandomStream,
  others: readonly Uint8Array[],
): Uint8Array {
  const parts = split(bytes);
  for (let count = random.integer(1, 4); count > 0; count--) {
    const at = random.integer(0, parts.length + 1);
    const part = parts[Math.min(at, parts.length - 1)];
    if (part === undefined) break;
    switch (random.integer(0, 7)) {
      case 0:
        parts.splice(at, 1);
        break;
      case 1:
        parts.splice(at, 0, ...Array.from({ length: random.integer(1, 33) }, () => part));
        break;
      case 2:
        parts.splice(random.integer(0, parts.length), 0, ...parts.splice(at, 1));
        break;
      case 3: {
        const foreign = split(others.length > 0 ? pick(random, others) : bytes);
        if (foreign.length > 0) parts.splice(at, random.integer(0, 2), pick(random, foreign));
        break;
      }
      default:
        if (at < parts.length) parts[at] = change(part, random);
    }
  }
  return join(parts);
}
