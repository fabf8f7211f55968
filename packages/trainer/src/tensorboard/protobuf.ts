/** One field of a protocol buffer message, encoded: its tag, then its value. */
export type Field = Uint8Array;

/** A message is the bytes of its fields, one after another. */
export function message(...fields: readonly Field[]): Uint8Array {
  const bytes = new Uint8Array(fields.reduce((sum, field) => sum + field.length, 0));
  let at = 0;
  for (const field of fields) {
    bytes.set(field, at);
    at += field.length;
  }
  return bytes;
}

/** A field of type `int32`, `int64` or an enumeration; a whole number that is not negative. */
export function integerField(number: number, value: number): Field {
  return Uint8Array.from([...varint(number * 8), ...varint(value)]);
}

export function doubleField(number: number, value: number): Field {
  return fixedField(number, 1, 8, (view) => view.setFloat64(0, value, true));
}

export function floatField(number: number, value: number): Field {
  return fixedField(number, 5, 4, (view) => view.setFloat32(0, value, true));
}

/** A field of type `bytes` or of a message type. */
export function bytesField(number: number, value: Uint8Array): Field {
  return message(Uint8Array.from([...varint(number * 8 + 2), ...varint(value.length)]), value);
}

export function stringField(number: number, value: string): Field {
  return bytesField(number, new TextEncoder().encode(value));
}

function fixedField(
  number: number,
  wireType: number,
  length: number,
  write: (view: DataView) => void,
): Field {
  const value = new Uint8Array(length);
  write(new DataView(value.buffer));
  return message(Uint8Array.from(varint(number * 8 + wireType)), value);
}

/** Seven bits a byte, the low ones first. Divides rather than shifts: steps may pass 2³¹. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return bytes;
}
