import { PixconError } from '@pixcon/core';
import { concatenate } from '../concatenate.ts';
import { opcode } from './opcodes.ts';
import { PickleCall, PickleGlobal, type PickleInput, PicklePersistentId, PickleTuple } from './values.ts';

/**
 * The bytes of a Python pickle. Bytes need protocol 3 (Python 3); all else is protocol 2, which `torch.load` reads
 * with `weights_only=True`.
 *
 * @throws PixconError `invalid-argument` for bytes in protocol 2, or a whole number beyond 32 bits
 * @example
 * encodePickle(new Map([['epoch', 3]]), 2); // pickle.loads gives {'epoch': 3}
 */
export function encodePickle(value: PickleInput, protocol: 2 | 3): Uint8Array {
  const chunks: Uint8Array[] = [Uint8Array.of(opcode.PROTO, protocol)];
  write(value, protocol, chunks);
  chunks.push(Uint8Array.of(opcode.STOP));
  return concatenate(chunks);
}

function write(value: PickleInput, protocol: number, chunks: Uint8Array[]): void {
  const put = (...bytes: number[]) => chunks.push(Uint8Array.from(bytes));
  const each = (values: readonly PickleInput[]) => {
    for (const item of values) write(item, protocol, chunks);
  };
  const tuple = (values: readonly PickleInput[]) => {
    if (values.length === 0) return put(opcode.EMPTY_TUPLE);
    put(opcode.MARK);
    each(values);
    return put(opcode.TUPLE);
  };
  if (value === null) put(opcode.NONE);
  else if (typeof value === 'boolean') put(value ? opcode.NEWTRUE : opcode.NEWFALSE);
  else if (typeof value === 'number') chunks.push(numberBytes(value));
  else if (typeof value === 'string') {
    const text = new TextEncoder().encode(value);
    chunks.push(sized(opcode.BINUNICODE, text.length), text);
  } else if (value instanceof Uint8Array) {
    if (protocol < 3) throw new PixconError('invalid-argument', 'encodePickle: bytes need protocol 3');
    chunks.push(sized(opcode.BINBYTES, value.length), value);
  } else if (value instanceof PickleTuple) tuple(value.items);
  else if (value instanceof PickleGlobal) {
    put(opcode.GLOBAL);
    chunks.push(new TextEncoder().encode(`${value.module}\n${value.name}\n`));
  } else if (value instanceof PickleCall) {
    write(value.callable, protocol, chunks);
    tuple(value.parameters);
    put(opcode.REDUCE);
    if (value.state !== undefined) {
      write(value.state, protocol, chunks);
      put(opcode.BUILD);
    }
  } else if (value instanceof PicklePersistentId) {
    write(value.id, protocol, chunks);
    put(opcode.BINPERSID);
  } else if (isList(value)) {
    put(opcode.EMPTY_LIST, opcode.MARK);
    each(value);
    put(opcode.APPENDS);
  } else {
    put(opcode.EMPTY_DICT, opcode.MARK);
    each([...value].flat(1));
    put(opcode.SETITEMS);
  }
}

/** `Array.isArray` does not narrow readonly arrays. */
function isList(
  value: readonly PickleInput[] | ReadonlyMap<string, PickleInput>,
): value is readonly PickleInput[] {
  return Array.isArray(value);
}

function numberBytes(value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(Number.isInteger(value) ? 5 : 9));
  if (Number.isInteger(value)) {
    if (value !== (value | 0)) {
      throw new PixconError('invalid-argument', `encodePickle: ${value} does not fit into 32 bits`);
    }
    view.setUint8(0, opcode.BININT);
    view.setInt32(1, value, true);
  } else {
    view.setUint8(0, opcode.BINFLOAT);
    view.setFloat64(1, value, false);
  }
  return new Uint8Array(view.buffer);
}

function sized(code: number, length: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(5));
  view.setUint8(0, code);
  view.setUint32(1, length, true);
  return new Uint8Array(view.buffer);
}
