import { checkpointError } from '../checkpoint-error.ts';
import { bytesPerElement, type Dtype } from '../host-tensor.ts';
import type { UnpickleOptions } from '../pickle/unpickler.ts';
import { PickleFunction, PickleGlobal, PickleTuple } from '../pickle/values.ts';
import { TensorReference, TorchStorage, UnreadableTensor } from './tensor-reference.ts';
import { isWhole, wholeNumbers } from './whole-numbers.ts';

/** PyTorch's storage class of each dtype. */
const storageDtypes: ReadonlyMap<string, Dtype> = new Map([
  ['torch.DoubleStorage', 'F64'],
  ['torch.FloatStorage', 'F32'],
  ['torch.HalfStorage', 'F16'],
  ['torch.BFloat16Storage', 'BF16'],
  ['torch.LongStorage', 'I64'],
  ['torch.IntStorage', 'I32'],
  ['torch.ShortStorage', 'I16'],
  ['torch.CharStorage', 'I8'],
  ['torch.ByteStorage', 'U8'],
  ['torch.BoolStorage', 'BOOL'],
  // Bytes whose dtype the tensor says.
  ['torch.UntypedStorage', 'U8'],
  ['torch.storage.UntypedStorage', 'U8'],
]);

/** The dtypes of tensors in untyped storages. */
const untypedDtypes: ReadonlyMap<string, Dtype> = new Map([
  ['torch.uint16', 'U16'],
  ['torch.uint32', 'U32'],
  ['torch.uint64', 'U64'],
]);

/** What has a meaning in the pickle of weights; nothing else has. */
export const torchPickle: UnpickleOptions = { global: resolveGlobal, persistent: resolveStorage };

const tensorV2 = new PickleFunction(rebuildTensor);
const tensorV3 = new PickleFunction(rebuildUntyped);
const parameter = new PickleFunction(([tensor]) => tensor ?? null);

const functions: ReadonlyMap<string, PickleFunction> = new Map([
  ['collections.OrderedDict', new PickleFunction(orderedDict)],
  // Made of the function that makes missing values.
  ['collections.defaultdict', new PickleFunction(() => new Map())],
  ['torch._utils._rebuild_tensor', tensorV2],
  ['torch._utils._rebuild_tensor_v2', tensorV2],
  ['torch._utils._rebuild_tensor_v3', tensorV3],
  ['torch._utils._rebuild_parameter', parameter],
  ['torch._utils._rebuild_parameter_with_state', parameter],
  ['torch._tensor._rebuild_from_type_v2', new PickleFunction(rebuildFromType)],
  ['torch._tensor._rebuild_from_type', new PickleFunction(rebuildFromType)],
]);

function resolveGlobal(path: string): unknown {
  return storageDtypes.get(path) ?? functions.get(path);
}

/** What belongs to numbers, containers and options, and is no news to anybody. */
const everyday =
  /^(numpy\.(dtype|ndarray)|numpy\._?core\.(multiarray\.(scalar|_reconstruct)|numeric\._frombuffer)|_codecs\.encode|torch\.(device|Size|Tensor|b?float\w*|u?int\d+|bool|complex\d+|nn\.parameter\.(Parameter|Buffer))|(__builtin__|builtins)\.(set|frozenset|bytes|bytearray|complex|slice|range|object|list|dict|tuple|int|long|float|str|bool|Ellipsis|xrange)|copy_?reg\._reconstructor|argparse\.Namespace|torch\.nn\.modules\.[\w.]+|__torch__\.[\w.]+|torch\.jit\._pickle\.\w+)$/;

/** A resolver of globals that keeps the names of those that mean nothing here, up to a hundred. */
export function listForeign(): { readonly global: (path: string) => unknown; names(): readonly string[] } {
  const seen = new Set<string>();
  return {
    global(path) {
      const known = resolveGlobal(path);
      if (known === undefined && seen.size < 100 && !everyday.test(path)) seen.add(path.slice(0, 200));
      return known;
    },
    names: () => [...seen],
  };
}

function orderedDict(parameters: readonly unknown[]): Map<unknown, unknown> {
  const [items] = parameters;
  if (items === undefined) return new Map();
  // Python 2 gave the items as a list of pairs.
  if (!Array.isArray(items)) throw checkpointError('an OrderedDict is made of what is no list');
  return new Map(
    items.map((pair: unknown): [unknown, unknown] => {
      const entry = pair instanceof PickleTuple ? pair.items : pair;
      if (Array.isArray(entry) && entry.length === 2) return [entry[0], entry[1]];
      throw checkpointError('an OrderedDict is made of what are no pairs');
    }),
  );
}

/** `(storage, offset, size, stride, …)`: what follows (gradients, hooks, metadata) is for training. */
function rebuildTensor(parameters: readonly unknown[]): TensorReference | UnreadableTensor {
  const [storage, offset, size, stride] = parameters;
  if (storage instanceof UnreadableTensor) return storage;
  if (!(storage instanceof TorchStorage)) throw checkpointError('a tensor has no storage');
  const shape = wholeNumbers(size);
  const strides = wholeNumbers(stride);
  if (!isWhole(offset) || !shape || !strides || shape.length !== strides.length) {
    throw checkpointError('a tensor has no valid offset, size and stride');
  }
  return new TensorReference(storage, offset, shape, strides);
}

/** `(storage, offset, size, stride, requires_grad, hooks, dtype, …)`, for dtypes without a storage class. */
function rebuildUntyped(parameters: readonly unknown[]): TensorReference | UnreadableTensor {
  const [storage, ...rest] = parameters;
  const path = parameters[6] instanceof PickleGlobal ? parameters[6].path : 'no dtype';
  const dtype = untypedDtypes.get(path);
  if (dtype === undefined || !(storage instanceof TorchStorage)) return new UnreadableTensor(path);
  const length = storage.length / (bytesPerElement(dtype) as number);
  return rebuildTensor([new TorchStorage(storage.key, dtype, length), ...rest]);
}

/** `(function, class, its parameters, state)`, for subclasses of tensors and tensors with attributes. */
function rebuildFromType([callable, , parameters]: readonly unknown[]): unknown {
  const known = [tensorV2, tensorV3, parameter].find((each) => each === callable);
  if (known && parameters instanceof PickleTuple) return known.call(parameters.items);
  return new UnreadableTensor('a tensor of another class');
}

/** `('storage', class, key, location, length[, view])`; before PyTorch 1.6 also `('module', class, file, source)`. */
function resolveStorage(id: unknown): unknown {
  const [kind, dtype, key, , length, view] = id instanceof PickleTuple ? id.items : writtenOut(id);
  if (kind === 'module' && dtype instanceof PickleGlobal) return dtype;
  if (kind !== 'storage' || typeof key !== 'string' || !isWhole(length)) {
    throw checkpointError('it refers to a storage that is none');
  }
  if (dtype instanceof PickleGlobal) return new UnreadableTensor(dtype.path);
  if (!isDtype(dtype)) throw checkpointError('it refers to a storage that is none');
  if (view !== undefined && view !== null) {
    throw checkpointError(
      'it has a view of a storage, as PyTorch before 0.4 wrote: save the file again in PyTorch',
    );
  }
  return new TorchStorage(key, dtype, length);
}

/** With protocol 0 PyTorch writes the tuple's text, which it cannot read back itself. */
function writtenOut(id: unknown): readonly unknown[] {
  const pattern = /^\('storage', <class '(torch\.\w+)'>, '(\d+)', '([\w:]+)', (\d+)(, None)?\)$/;
  const [, type, key, location, length] = (typeof id === 'string' && pattern.exec(id)) || [];
  return type === undefined ? [] : ['storage', storageDtypes.get(type), key, location, Number(length)];
}

function isDtype(value: unknown): value is Dtype {
  return typeof value === 'string' && bytesPerElement(value) !== undefined;
}
