import { ByteCursor } from '../byte-cursor.ts';
import { checkpointError } from '../checkpoint-error.ts';
import { opcode } from './opcodes.ts';
import { PickleTuple } from './values.ts';

/** A stand-in for a function or class of Python: what REDUCE and NEWOBJ make of its arguments. */
export class PickleFunction {
  readonly call: (parameters: readonly unknown[]) => unknown;

  constructor(call: (parameters: readonly unknown[]) => unknown) {
    this.call = call;
  }
}

export interface UnpickleOptions {
  /** What stands for a global; throws for one that has no business in the file. Default: refuses every one. */
  readonly global?: (path: string) => unknown;
  /** What stands for an object outside of the pickle. Default: refuses every one. */
  readonly persistent?: (id: unknown) => unknown;
}

/** Far above any state dict with its optimizer, and small enough for memory and time. */
const limits = { operations: 2_000_000, containers: 200_000, integerBytes: 16, nameLength: 200 } as const;

/** One run of the pickle machine: a stack, marks and a memo. */
export class Unpickler {
  readonly #cursor: ByteCursor;
  readonly #options: UnpickleOptions;
  readonly #stack: unknown[] = [];
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, unknown>();
  #containers = 0;
  /** The last text that looks like a parameter's name: tells where in the file a problem is. */
  lastName: string | undefined;

  constructor(bytes: Uint8Array, options: UnpickleOptions, start: number) {
    this.#cursor = new ByteCursor(bytes, start);
    this.#options = options;
  }

  get position(): number {
    return this.#cursor.position;
  }

  run(): unknown {
    for (let count = 0; count < limits.operations; count++) {
      const code = this.#cursor.uint8();
      if (code === opcode.STOP) return this.#pop();
      if (!this.#scalar(code) && !this.#container(code)) this.#reference(code);
    }
    throw checkpointError(`it has more than ${limits.operations} operations`);
  }

  /** Numbers, texts and bytes. */
  #scalar(code: number): boolean {
    const cursor = this.#cursor;
    switch (code) {
      case opcode.NONE:
        return this.#push(null);
      case opcode.NEWTRUE:
        return this.#push(true);
      case opcode.NEWFALSE:
        return this.#push(false);
      case opcode.BININT:
        return this.#push(cursor.int32());
      case opcode.BININT1:
        return this.#push(cursor.uint8());
      case opcode.BININT2:
        return this.#push(cursor.uint16());
      case opcode.LONG1:
        return this.#push(this.#long(cursor.uint8()));
      case opcode.BINFLOAT:
        return this.#push(cursor.float64());
      case opcode.BINUNICODE:
        return this.#text(cursor.text(cursor.uint32()));
      case opcode.SHORT_BINUNICODE:
        return this.#text(cursor.text(cursor.uint8()));
      // Python 2's text: torch files of that time use it for names.
      case opcode.BINSTRING:
        return this.#text(latin1(cursor.bytes(cursor.uint32())));
      case opcode.SHORT_BINSTRING:
        return this.#text(latin1(cursor.bytes(cursor.uint8())));
      case opcode.BINBYTES:
        return this.#push(cursor.bytes(cursor.uint32()));
      case opcode.SHORT_BINBYTES:
        return this.#push(cursor.bytes(cursor.uint8()));
      default:
        return false;
    }
  }

  /** Lists, tuples, dicts and sets. */
  #container(code: number): boolean {
    switch (code) {
      case opcode.EMPTY_LIST:
        return this.#make([]);
      case opcode.EMPTY_DICT:
        return this.#make(new Map());
      case opcode.EMPTY_SET:
        return this.#make(new Set());
      case opcode.EMPTY_TUPLE:
        return this.#make(new PickleTuple([]));
      case opcode.TUPLE1:
        return this.#make(new PickleTuple(this.#popMany(1)));
      case opcode.TUPLE2:
        return this.#make(new PickleTuple(this.#popMany(2)));
      case opcode.TUPLE3:
        return this.#make(new PickleTuple(this.#popMany(3)));
      case opcode.TUPLE:
        return this.#make(new PickleTuple(this.#popToMark()));
      case opcode.APPEND:
        return this.#append(this.#popMany(1));
      case opcode.APPENDS:
        return this.#append(this.#popToMark());
      case opcode.SETITEM:
        return this.#setItems(this.#popMany(2));
      case opcode.SETITEMS:
        return this.#setItems(this.#popToMark());
      case opcode.ADDITEMS: {
        const items = this.#popToMark();
        const set = this.#top();
        if (!(set instanceof Set)) throw checkpointError('it adds items to what is no set');
        for (const item of items) set.add(item);
        return true;
      }
      default:
        return false;
    }
  }

  /** The memo, marks, globals, calls. */
  #reference(code: number): void {
    const cursor = this.#cursor;
    switch (code) {
      case opcode.PROTO: {
        const version = cursor.uint8();
        if (version < 2 || version > 4)
          throw checkpointError(`it is of protocol ${version}, expected 2 to 4`);
        return;
      }
      case opcode.FRAME:
        // Frames only help reading ahead; what is inside is read and checked as it comes.
        cursor.uint64();
        return;
      case opcode.MARK:
        this.#marks.push(this.#stack.length);
        return;
      case opcode.POP:
        this.#pop();
        return;
      case opcode.POP_MARK:
        this.#popToMark();
        return;
      case opcode.BINGET:
        this.#recall(cursor.uint8());
        return;
      case opcode.LONG_BINGET:
        this.#recall(cursor.uint32());
        return;
      case opcode.BINPUT:
        this.#memo.set(cursor.uint8(), this.#top());
        return;
      case opcode.LONG_BINPUT:
        this.#memo.set(cursor.uint32(), this.#top());
        return;
      case opcode.MEMOIZE:
        this.#memo.set(this.#memo.size, this.#top());
        return;
      case opcode.GLOBAL:
        this.#global(cursor.line(), cursor.line());
        return;
      case opcode.STACK_GLOBAL: {
        const [module, name] = this.#popMany(2);
        this.#global(module, name);
        return;
      }
      case opcode.REDUCE:
      case opcode.NEWOBJ: {
        const [callable, parameters] = this.#popMany(2);
        if (!(callable instanceof PickleFunction))
          throw checkpointError('it calls what is no function of weights');
        if (!(parameters instanceof PickleTuple))
          throw checkpointError('it calls a function without a tuple');
        this.#make(callable.call(parameters.items));
        return;
      }
      case opcode.BUILD:
        // Attributes of an object, such as the versions in a state dict: nothing here reads them.
        this.#pop();
        this.#top();
        return;
      case opcode.BINPERSID: {
        const { persistent } = this.#options;
        if (!persistent) throw checkpointError('it refers to data outside of the pickle');
        this.#make(persistent(this.#pop()));
        return;
      }
      default:
        throw checkpointError(
          `it has the operation 0x${code.toString(16).padStart(2, '0')}, which no weights need`,
        );
    }
  }

  #push(value: unknown): true {
    this.#stack.push(value);
    return true;
  }

  #text(value: string): true {
    if (value.includes('.') && value.length <= limits.nameLength) this.lastName = value;
    return this.#push(value);
  }

  #make(value: unknown): true {
    // A call may copy its arguments, again and again: what it gives counts with all that is in it.
    this.#containers += value instanceof Map ? 1 + value.size : 1;
    if (this.#containers > limits.containers)
      throw checkpointError(`it has more than ${limits.containers} objects`);
    return this.#push(value);
  }

  #long(length: number): number | bigint {
    if (length > limits.integerBytes) throw checkpointError(`it has a whole number of ${length} bytes`);
    let value = 0n;
    const bytes = this.#cursor.bytes(length);
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] as number);
    if (length > 0) value = BigInt.asIntN(8 * length, value);
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }

  /** The lowest stack position that may be taken: what lies under the last mark belongs to another container. */
  #floor(): number {
    return this.#marks.at(-1) ?? 0;
  }

  #top(): unknown {
    if (this.#stack.length <= this.#floor()) throw checkpointError('it takes from an empty stack');
    return this.#stack.at(-1);
  }

  #pop(): unknown {
    const value = this.#top();
    this.#stack.pop();
    return value;
  }

  #popMany(count: number): unknown[] {
    if (this.#stack.length - this.#floor() < count) throw checkpointError('it takes from an empty stack');
    return this.#stack.splice(this.#stack.length - count);
  }

  #popToMark(): unknown[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw checkpointError('it goes back to a mark that is not there');
    return this.#stack.splice(mark);
  }

  #append(items: readonly unknown[]): true {
    const list = this.#top();
    if (!Array.isArray(list)) throw checkpointError('it appends to what is no list');
    for (const item of items) list.push(item);
    return true;
  }

  #setItems(items: readonly unknown[]): true {
    const target = this.#top();
    if (!(target instanceof Map)) throw checkpointError('it sets items of what is no dict');
    if (items.length % 2 !== 0) throw checkpointError('it sets a key without a value');
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i];
      // Which of two tensors of one name counts would depend on the reader.
      if (typeof key === 'string' && target.has(key))
        throw checkpointError(`a dict has ${JSON.stringify(key.slice(0, limits.nameLength))} twice`);
      target.set(key, items[i + 1]);
    }
    return true;
  }

  #recall(index: number): void {
    if (!this.#memo.has(index)) throw checkpointError(`it recalls object ${index}, which it has not stored`);
    this.#push(this.#memo.get(index));
  }

  #global(module: unknown, name: unknown): void {
    if (typeof module !== 'string' || typeof name !== 'string') throw checkpointError('a global has no name');
    const { global } = this.#options;
    if (!global) throw checkpointError(`it asks for ${module}.${name}`);
    this.#push(global(`${module}.${name}`));
  }
}

function latin1(bytes: Uint8Array): string {
  return new TextDecoder('latin1').decode(bytes);
}
