/** A Python tuple. */
export class PickleTuple<Item = unknown> {
  readonly items: readonly Item[];

  constructor(items: readonly Item[]) {
    this.items = items;
  }
}

/** A Python class or function by its full name. It is a name only: nothing is looked up or run. */
export class PickleGlobal {
  readonly module: string;
  readonly name: string;

  constructor(module: string, name: string) {
    this.module = module;
    this.name = name;
  }

  get path(): string {
    return `${this.module}.${this.name}`;
  }
}

/** A stand-in for a function or class of Python: what REDUCE and NEWOBJ make of its arguments. */
export class PickleFunction {
  readonly call: (parameters: readonly unknown[]) => unknown;

  constructor(call: (parameters: readonly unknown[]) => unknown) {
    this.call = call;
  }
}

/**
 * An object of a class that means nothing here: what the pickle says of it. No class was looked up, nothing made or
 * run; whoever knows the class may read it as data.
 */
export class PickleObject {
  /** The class, or what would have made the object: a `PickleGlobal`, or another object. */
  readonly callable: unknown;
  readonly parameters: readonly unknown[];
  /** What its `__setstate__` would get, most often a dict of attributes. */
  state: unknown = undefined;
  #items: unknown[] | undefined;
  #entries: Map<unknown, unknown> | undefined;

  constructor(callable: unknown, parameters: readonly unknown[]) {
    this.callable = callable;
    this.parameters = parameters;
  }

  /** The class's full name; empty where an object would have made this one. */
  get path(): string {
    return this.callable instanceof PickleGlobal ? this.callable.path : '';
  }

  /** Of a subclass of `list` or `set`. */
  get items(): unknown[] {
    this.#items ??= [];
    return this.#items;
  }

  /** Of a subclass of `dict`. */
  get entries(): Map<unknown, unknown> {
    this.#entries ??= new Map();
    return this.#entries;
  }
}

/** To write: `callable(*parameters)`, then, where given, `__setstate__(state)`. */
export class PickleCall {
  readonly callable: PickleGlobal;
  readonly parameters: readonly PickleInput[];
  readonly state: PickleInput | undefined;

  constructor(callable: PickleGlobal, parameters: readonly PickleInput[], state?: PickleInput) {
    this.callable = callable;
    this.parameters = parameters;
    this.state = state;
  }
}

/** To write: an object that lies outside of the pickle, by what its reader finds it with. */
export class PicklePersistentId {
  readonly id: PickleInput;

  constructor(id: PickleInput) {
    this.id = id;
  }
}

/** What `encodePickle` can write. An array is a list, a Map is a dict, a whole number is an int. */
export type PickleInput =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly PickleInput[]
  | PickleTuple<PickleInput>
  | ReadonlyMap<string, PickleInput>
  | PickleGlobal
  | PickleCall
  | PicklePersistentId;
