import { checkpointError } from '../checkpoint-error.ts';
import { PickleObject, PickleTuple } from '../pickle/values.ts';
import { numpyTensor } from './numpy-array.ts';
import { TensorReference, UnreadableTensor } from './tensor-reference.ts';

export interface CollectedTensors {
  /** By keys and attributes with dots between, less those that all share. */
  readonly tensors: ReadonlyMap<string, TensorReference>;
  /** What all share: `[]` for a bare state dict, `['state_dict']`, `['model']` … */
  readonly path: readonly string[];
  /** Tensors of a kind that is not read, by the same names, with the kind. */
  readonly unreadable: ReadonlyMap<string, string>;
}

/**
 * Modules in modules stay far below the depth; a longer list holds numbers, not state dicts. Names are counted in
 * letters: references can multiply few bytes of a file into many.
 */
const limits = { depth: 32, visits: 2_000_000, letters: 10_000_000, list: 64 } as const;

interface Found {
  readonly keys: readonly string[];
  readonly tensor: TensorReference | UnreadableTensor;
}

/**
 * Every tensor below a value of a pickle: in dicts with texts as keys (an optimizer's state has numbers), short lists,
 * attributes of objects, and modules (`_parameters`, `_buffers`, `_modules`).
 *
 * @throws PixconError `checkpoint` for two tensors of one name, or dicts that hold each other without end
 */
export function collectTensors(root: unknown): CollectedTensors {
  const found: Found[] = [];
  const keys: string[] = [];
  const above = new Set<unknown>();
  // References can multiply without end: what led to no tensor is not entered again.
  const barren = new Set<unknown>();
  let visits = 0;
  let letters = 0;
  const visit = (value: unknown): void => {
    if (++visits > limits.visits) throw checkpointError(`it holds more than ${limits.visits} things`);
    const tensor = value instanceof PickleObject ? (numpyTensor(value) ?? value) : value;
    if (tensor instanceof TensorReference || tensor instanceof UnreadableTensor) {
      letters += keys.reduce((sum, key) => sum + key.length + 1, 0);
      if (letters > limits.letters) throw checkpointError('the names of its tensors have no end');
      found.push({ keys: [...keys], tensor });
      return;
    }
    if (typeof value !== 'object' || value === null || keys.length > limits.depth) return;
    if (above.has(value) || barren.has(value)) return;
    const before = found.length;
    above.add(value);
    for (const [key, entry] of entriesOf(value)) {
      keys.push(key);
      visit(entry);
      keys.pop();
    }
    above.delete(value);
    if (found.length === before) barren.add(value);
  };
  visit(root);
  const path = sharedKeys(found);
  const tensors = new Map<string, TensorReference>();
  const unreadable = new Map<string, string>();
  for (const { keys, tensor } of found) {
    const name = keys.slice(path.length).join('.');
    if (tensors.has(name)) {
      throw checkpointError(`it has two tensors named ${JSON.stringify(name.slice(0, 200))}`);
    }
    if (tensor instanceof TensorReference) tensors.set(name, tensor);
    else unreadable.set(name, tensor.kind);
  }
  return { tensors, path, unreadable };
}

type Entries = Iterable<readonly [string, unknown]>;

function* entriesOf(value: object): Entries {
  if (value instanceof Map) yield* named(value);
  else if (Array.isArray(value)) yield* numbered(value);
  else if (value instanceof PickleTuple) yield* numbered(value.items);
  else if (value instanceof PickleObject) yield* partsOf(value);
}

function* partsOf(object: PickleObject): Entries {
  const { state, parameters } = object;
  // With slots, the state is a pair of dicts.
  const parts = state instanceof PickleTuple && state.items.length === 2 ? state.items : [state];
  for (const part of parts) if (part instanceof Map) yield* attributes(part);
  yield* named(object.entries);
  yield* numbered(object.items);
  for (const [index, parameter] of parameters.entries()) {
    if (parameter instanceof Map) yield* named(parameter);
    else if (parameter instanceof PickleObject || parameter instanceof TensorReference) {
      yield [String(index), parameter];
    }
  }
}

/** Of a module only its tensors and modules: its other attributes may refer to them once more. */
function* attributes(state: ReadonlyMap<unknown, unknown>): Entries {
  const modules = state.get('_modules');
  const parameters = state.get('_parameters');
  if (!(modules instanceof Map) || !(parameters instanceof Map)) {
    yield* named(state);
    return;
  }
  for (const part of [parameters, state.get('_buffers'), modules]) {
    if (part instanceof Map) yield* named(part);
    else if (part instanceof PickleObject) yield* named(part.entries);
  }
}

function* named(map: ReadonlyMap<unknown, unknown>): Entries {
  for (const [key, value] of map) if (typeof key === 'string') yield [key, value];
}

function* numbered(list: readonly unknown[]): Entries {
  if (list.length <= limits.list) for (const [index, value] of list.entries()) yield [String(index), value];
}

function sharedKeys(found: readonly Found[]): readonly string[] {
  const [first] = found;
  if (!first) return [];
  let length = first.keys.length - 1;
  for (const { keys } of found) {
    length = Math.min(length, keys.length - 1);
    while (length > 0 && keys[length - 1] !== first.keys[length - 1]) length--;
  }
  return first.keys.slice(0, Math.max(0, length));
}
