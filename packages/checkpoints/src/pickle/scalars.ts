import type { ByteCursor } from '../byte-cursor.ts';
import { checkpointError } from '../checkpoint-error.ts';
import { opcode } from './opcodes.ts';

/** What `readScalar` gives for an operation that is none of its own. */
export const noScalar = Symbol('no scalar');

/** Longest whole number: NumPy's generators keep some of 17 bytes, nothing in weights needs hundreds. */
const largestInteger = 1024;

/** The number, text or bytes of an operation that pushes one. */
export function readScalar(code: number, cursor: ByteCursor): unknown {
  switch (code) {
    case opcode.NONE:
      return null;
    case opcode.NEWTRUE:
      return true;
    case opcode.NEWFALSE:
      return false;
    case opcode.BININT:
      return cursor.int32();
    case opcode.BININT1:
      return cursor.uint8();
    case opcode.BININT2:
      return cursor.uint16();
    case opcode.LONG1:
      return long(cursor, cursor.uint8());
    case opcode.LONG4:
      return long(cursor, cursor.uint32());
    case opcode.BINFLOAT:
      return cursor.float64();
    case opcode.BINUNICODE:
      return cursor.text(cursor.uint32());
    case opcode.SHORT_BINUNICODE:
      return cursor.text(cursor.uint8());
    case opcode.BINUNICODE8:
      return cursor.text(Number(cursor.uint64()));
    // Python 2's text, which names and bytes of its time are in.
    case opcode.BINSTRING:
      return latin1(cursor.bytes(cursor.uint32()));
    case opcode.SHORT_BINSTRING:
      return latin1(cursor.bytes(cursor.uint8()));
    case opcode.BINBYTES:
      return cursor.bytes(cursor.uint32());
    case opcode.SHORT_BINBYTES:
      return cursor.bytes(cursor.uint8());
    case opcode.BINBYTES8:
    case opcode.BYTEARRAY8:
      return cursor.bytes(Number(cursor.uint64()));
    default:
      return readLine(code, cursor);
  }
}

/** Of protocol 0, which is text in lines. */
function readLine(code: number, cursor: ByteCursor): unknown {
  switch (code) {
    case opcode.INT: {
      const text = latin1(cursor.rawLine());
      // Protocol 0 and 1 write booleans so.
      return text === '00' || text === '01' ? text === '01' : decimal(text);
    }
    case opcode.LONG:
      return decimal(latin1(cursor.rawLine()).replace(/L$/, ''));
    case opcode.FLOAT:
      return float(latin1(cursor.rawLine()));
    case opcode.STRING:
      return quoted(latin1(cursor.rawLine()));
    case opcode.UNICODE:
      return unescaped(latin1(cursor.rawLine()), /\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g);
    default:
      return noScalar;
  }
}

function long(cursor: ByteCursor, length: number): number | bigint {
  if (length > largestInteger) throw checkpointError(`it has a whole number of ${length} bytes`);
  const bytes = cursor.bytes(length);
  if (length === 0) return 0;
  let digits = '';
  for (let i = length - 1; i >= 0; i--) digits += (bytes[i] as number).toString(16).padStart(2, '0');
  return narrow(BigInt.asIntN(8 * length, BigInt(`0x${digits}`)));
}

function decimal(text: string): number | bigint {
  if (!/^[+-]?\d+$/.test(text) || text.length > 2 * largestInteger) {
    throw checkpointError(`it has ${JSON.stringify(text.slice(0, 40))} as a whole number`);
  }
  return narrow(BigInt(text.replace(/^\+/, '')));
}

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

const nonFinite = new Map([
  ['nan', Number.NaN],
  ['inf', Number.POSITIVE_INFINITY],
  ['-inf', Number.NEGATIVE_INFINITY],
]);

function float(text: string): number {
  const value = nonFinite.get(text) ?? Number(text);
  if (nonFinite.has(text) || (text.trim() !== '' && !Number.isNaN(value))) return value;
  throw checkpointError(`it has ${JSON.stringify(text.slice(0, 40))} as a number`);
}

/** A literal of Python in quotes. */
function quoted(text: string): string {
  const [, , inside] = /^(['"])(.*)\1$/s.exec(text) ?? [];
  if (inside === undefined) throw checkpointError('a text has no quotes');
  return unescaped(inside, /\\(?:x([0-9a-fA-F]{2})|([\\'"abfnrtv0]))/g);
}

const letters: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '0': '\0',
};

function unescaped(text: string, pattern: RegExp): string {
  return text.replace(pattern, (_, first: string | undefined, second: string | undefined) => {
    if (first !== undefined) return String.fromCharCode(Number.parseInt(first, 16));
    const other = second as string;
    if (other.length === 1) return letters[other] ?? other;
    const point = Number.parseInt(other, 16);
    if (point > 0x10_ff_ff) throw checkpointError('a text has a letter that is none');
    return String.fromCodePoint(point);
  });
}

/** A letter per byte. `TextDecoder` would take its latin1 for Windows-1252, and change bytes of 128 to 159. */
function latin1(bytes: Uint8Array): string {
  const pieces: string[] = [];
  for (let start = 0; start < bytes.length; start += 4096) {
    pieces.push(String.fromCharCode(...bytes.subarray(start, start + 4096)));
  }
  return pieces.join('');
}
