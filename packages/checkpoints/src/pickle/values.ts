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
