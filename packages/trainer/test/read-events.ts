/** Reads TensorBoard event files by the published formats, apart from what writes them. */
export interface ReadEvent {
  readonly wallTime: number;
  readonly step: number;
  readonly fileVersion?: string;
  readonly sessionStart?: boolean;
  readonly scalars: Readonly<Record<string, number>>;
  readonly images: Readonly<Record<string, { width: number; height: number; png: Uint8Array }>>;
  readonly texts: Readonly<Record<string, string>>;
}

/** What is wrong with a damaged file. */
export class EventFileError extends Error {
  override readonly name = 'EventFileError';
}

/** Bit by bit, from the definition of CRC-32C. */
export function slowCrc32c(bytes: Uint8Array): number {
  let crc = 0xffff_ffffn;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0x82f6_3b78n : crc >> 1n;
  }
  return Number(crc ^ 0xffff_ffffn);
}

export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = slowCrc32c(bytes);
  const rotated = Math.floor(crc / 2 ** 15) + (crc % 2 ** 15) * 2 ** 17;
  return (rotated + 0xa282_ead8) % 2 ** 32;
}

/** Every whole record; throws where a checksum is wrong. What follows the last whole record is left. */
export function readEvents(file: Uint8Array): ReadEvent[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const events: ReadEvent[] = [];
  let at = 0;
  while (at + 16 <= file.length) {
    const length = Number(view.getBigUint64(at, true));
    if (at + 16 + length > file.length) break;
    const data = file.subarray(at + 12, at + 12 + length);
    if (view.getUint32(at + 8, true) !== maskedCrc32c(file.subarray(at, at + 8)))
      throw new EventFileError('the checksum of a length is wrong');
    if (view.getUint32(at + 12 + length, true) !== maskedCrc32c(data))
      throw new EventFileError('the checksum of a record is wrong');
    events.push(readEvent(data));
    at += 16 + length;
  }
  return events;
}

type Value = number | Uint8Array;

/** The fields of a message: numbers for varints and fixed ones, bytes for the others. */
function* fields(bytes: Uint8Array): Generator<[number: number, value: Value]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const need = (count: number) => {
    if (at + count > bytes.length) throw new EventFileError('a field passes the end of its message');
  };
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; shift < 64n; shift += 7n) {
      need(1);
      const byte = view.getUint8(at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(value);
    }
    throw new EventFileError('a number has more than ten bytes');
  };
  while (at < bytes.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0:
        yield [number, varint()];
        break;
      case 1:
        need(8);
        yield [number, view.getFloat64(at, true)];
        at += 8;
        break;
      case 2: {
        const length = varint();
        need(length);
        yield [number, bytes.subarray(at, at + length)];
        at += length;
        break;
      }
      case 5:
        need(4);
        yield [number, view.getFloat32(at, true)];
        at += 4;
        break;
      default:
        throw new EventFileError(`wire type ${tag % 8} is unknown`);
    }
  }
}

const one = (bytes: Value | undefined, wanted: number): Value | undefined =>
  bytes instanceof Uint8Array ? [...fields(bytes)].find(([number]) => number === wanted)?.[1] : undefined;
const text = (bytes: Value | undefined) => {
  if (bytes instanceof Uint8Array) return new TextDecoder().decode(bytes);
  throw new EventFileError('expected a text');
};

function readEvent(bytes: Uint8Array): ReadEvent {
  const scalars: Record<string, number> = {};
  const images: Record<string, { width: number; height: number; png: Uint8Array }> = {};
  const texts: Record<string, string> = {};
  const summary = one(bytes, 5) as Uint8Array | undefined;
  for (const [, value] of summary ? fields(summary) : []) {
    const tag = text(one(value, 1));
    const [scalar, image, tensor] = [one(value, 2), one(value, 4), one(value, 8)];
    if (scalar !== undefined) scalars[tag] = scalar as number;
    if (image !== undefined) {
      images[tag] = {
        height: one(image, 1) as number,
        width: one(image, 2) as number,
        png: one(image, 4) as Uint8Array,
      };
    }
    if (tensor !== undefined) texts[tag] = text(one(tensor, 8));
  }
  const version = one(bytes, 3);
  const session = one(bytes, 7);
  return {
    wallTime: one(bytes, 1) as number,
    step: (one(bytes, 2) as number | undefined) ?? 0,
    ...(version === undefined ? {} : { fileVersion: text(version) }),
    ...(session === undefined ? {} : { sessionStart: one(session, 1) === 1 }),
    scalars,
    images,
    texts,
  };
}
