import { ByteCursor } from '../byte-cursor.ts';
import { checkpointError } from '../checkpoint-error.ts';
import { opcode } from './opcodes.ts';
import { noScalar, readScalar } from './scalars.ts';
import { PickleFunction, PickleGlobal, PickleObject, PickleTuple } from './values.ts';

export interface UnpickleOptions {
  /** What stands for a global; undefined for one that means nothing. Default: none means anything. */
  readonly global?: (path: string) => unknown;
  /** What stands for an object outside of the pickle. Default: refuses every one. */
  readonly persistent?: (id: unknown) => unknown;
}

/** Far above any state dict with its optimizer, and small enough for memory and time. */
const limits = { operations: 2_000_000, containers: 200_000, nameLength: 200 } as const;

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
      const scalar = readScalar(code, this.#cursor);
      if (scalar !== noScalar) this.#scalar(scalar);
      else if (!this.#container(code)) this.#reference(code);
    }
    throw checkpointError(`it has more than ${limits.operations} operations`);
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
      case opcode.LIST:
        return this.#make(this.#popToMark());
      case opcode.FROZENSET:
        return this.#make(new Set(this.#popToMark()));
      case opcode.DICT: {
        const items = this.#popToMark();
        this.#make(new Map());
        return this.#setItems(items);
      }
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
        if (set instanceof PickleObject) return this.#append(items);
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
        if (version > 5) throw checkpointError(`it is of protocol ${version}, expected 0 to 5`);
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
        // A mark that nothing lies above goes first: so Python writes a tuple that holds itself.
        if (this.#marks.length > 0 && this.#stack.length === this.#floor()) this.#marks.pop();
        else this.#pop();
        return;
      case opcode.DUP:
        this.#push(this.#top());
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
      case opcode.GET:
        this.#recall(this.#index());
        return;
      case opcode.PUT:
        this.#memo.set(this.#index(), this.#top());
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
        this.#call(callable, parameters);
        return;
      }
      case opcode.NEWOBJ_EX: {
        const [callable, parameters] = this.#popMany(3);
        this.#call(callable, parameters);
        return;
      }
      case opcode.INST: {
        const parameters = this.#popToMark();
        this.#global(cursor.line(), cursor.line());
        this.#call(this.#pop(), new PickleTuple(parameters));
        return;
      }
      case opcode.OBJ: {
        const [callable, ...parameters] = this.#popToMark();
        this.#call(callable, new PickleTuple(parameters));
        return;
      }
      case opcode.BUILD: {
        // Attributes of a state dict, such as its versions, say nothing of the tensors.
        const state = this.#pop();
        const target = this.#top();
        if (target instanceof PickleObject) target.state = state;
        return;
      }
      case opcode.PERSID:
        this.#outside(cursor.line());
        return;
      case opcode.BINPERSID:
        this.#outside(this.#pop());
        return;
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

  #scalar(value: unknown): void {
    if (typeof value === 'string' && value.length <= limits.nameLength && value.includes('.')) {
      this.lastName = value;
    }
    this.#push(value);
  }

  #make(value: unknown): true {
    // A call may copy its arguments, again and again: what it gives counts with all that is in it.
    this.#containers += value instanceof Map ? 1 + value.size : 1;
    if (this.#containers > limits.containers)
      throw checkpointError(`it has more than ${limits.containers} objects`);
    return this.#push(value);
  }

  /** What a function of weights makes of the parameters; for any other, a note of the call. */
  #call(callable: unknown, parameters: unknown): void {
    if (!(parameters instanceof PickleTuple)) throw checkpointError('it calls a function without a tuple');
    if (callable instanceof PickleFunction) this.#make(callable.call(parameters.items));
    else if (callable instanceof PickleGlobal || callable instanceof PickleObject) {
      this.#make(new PickleObject(callable, parameters.items));
    } else throw checkpointError('it calls what is no function');
  }

  #outside(id: unknown): void {
    const { persistent } = this.#options;
    if (!persistent) throw checkpointError('it refers to data outside of the pickle');
    this.#make(persistent(id));
  }

  #index(): number {
    const text = this.#cursor.line();
    if (/^\d{1,10}$/.test(text)) return Number(text);
    throw checkpointError(`it has ${JSON.stringify(text.slice(0, 40))} as the number of an object`);
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
    const target = this.#top();
    const list = target instanceof PickleObject ? target.items : target;
    if (!Array.isArray(list)) throw checkpointError('it appends to what is no list');
    for (const item of items) list.push(item);
    return true;
  }

  #setItems(items: readonly unknown[]): true {
    const object = this.#top();
    const target = object instanceof PickleObject ? object.entries : object;
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
    const path = `${module}.${name}`;
    this.#make(this.#options.global?.(path) ?? new PickleGlobal(module, name));
  }
}
