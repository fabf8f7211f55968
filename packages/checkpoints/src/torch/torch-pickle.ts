import { checkpointError } from '../checkpoint-error.ts';
import { bytesPerElement, type Dtype } from '../host-tensor.ts';
import { PickleFunction, type UnpickleOptions } from '../pickle/unpickler.ts';
import { PickleTuple } from '../pickle/values.ts';
import { TensorReference, TorchStorage } from './tensor-reference.ts';

/** PyTorch's storage class of each dtype. */
const storageDtypes: Readonly<Record<string, Dtype>> = {
  'torch.DoubleStorage': 'F64',
  'torch.FloatStorage': 'F32',
  'torch.HalfStorage': 'F16',
  'torch.BFloat16Storage': 'BF16',
  'torch.LongStorage': 'I64',
  'torch.IntStorage': 'I32',
  'torch.ShortStorage': 'I16',
  'torch.CharStorage': 'I8',
  'torch.ByteStorage': 'U8',
  'torch.BoolStorage': 'BOOL',
};

const maximumRank = 16;

/**
 * What training scripts save beside the weights: options, a device, NumPy's numbers. Empty stand-ins, whose content
 * is dropped.
 */
const beside: readonly string[] = [
  'argparse.Namespace',
  'torch.device',
  'numpy.dtype',
  'numpy.core.multiarray.scalar',
  'numpy._core.multiarray.scalar',
  '_codecs.encode',
];

/** What may appear in the pickle of a state dict, and nothing else. */
export const torchPickle: UnpickleOptions = { global: resolveGlobal, persistent: resolveStorage };

function resolveGlobal(path: string): unknown {
  const dtype = Object.hasOwn(storageDtypes, path) ? storageDtypes[path] : undefined;
  if (dtype !== undefined) return dtype;
  switch (path) {
    case 'collections.OrderedDict':
      return new PickleFunction(orderedDict);
    case 'torch._utils._rebuild_tensor_v2':
    case 'torch._utils._rebuild_tensor':
      return new PickleFunction(rebuildTensor);
    case 'torch._utils._rebuild_parameter':
      return new PickleFunction(([tensor]) => {
        if (tensor instanceof TensorReference) return tensor;
        throw checkpointError('a parameter holds no tensor');
      });
    default:
      if (isTorchDtype(path)) return null;
      if (beside.includes(path)) return new PickleFunction(() => null);
      throw checkpointError(
        `it asks for ${path.slice(0, 200)}, which weights do not need; nothing was executed. If you trust the file, load it in PyTorch and save the state dict alone`,
      );
  }
}

/** A dtype of its own, such as `torch.float32`: a name that nothing calls. */
function isTorchDtype(path: string): boolean {
  return /^torch\.(b?float(16|32|64)|u?int(8|16|32|64)|bool)$/.test(path);
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
function rebuildTensor([storage, offset, size, stride]: readonly unknown[]): TensorReference {
  if (!(storage instanceof TorchStorage)) throw checkpointError('a tensor has no storage');
  const shape = wholeNumbers(size);
  const strides = wholeNumbers(stride);
  if (!isSize(offset) || !shape || !strides || shape.length !== strides.length) {
    throw checkpointError('a tensor has no valid offset, size and stride');
  }
  return new TensorReference(storage, offset, shape, strides);
}

/** `('storage', class, key, location, length[, view])`. */
function resolveStorage(id: unknown): TorchStorage {
  const [kind, dtype, key, , length, view] = id instanceof PickleTuple ? id.items : [];
  if (kind !== 'storage' || !isDtype(dtype) || typeof key !== 'string' || !isSize(length)) {
    throw checkpointError('it refers to a storage that is none');
  }
  if (view !== undefined && view !== null) {
    throw checkpointError(
      'it has a view of a storage, as PyTorch before 0.4 wrote: save the file again in PyTorch',
    );
  }
  return new TorchStorage(key, dtype, length);
}

function wholeNumbers(value: unknown): readonly number[] | undefined {
  if (!(value instanceof PickleTuple) || value.items.length > maximumRank) return undefined;
  return value.items.every(isSize) ? (value.items as readonly number[]) : undefined;
}

function isDtype(value: unknown): value is Dtype {
  return typeof value === 'string' && bytesPerElement(value) !== undefined;
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
