import { ByteCursor } from '../byte-cursor.ts';
import { checkpointError } from '../checkpoint-error.ts';
import { bytesPerElement } from '../host-tensor.ts';
import { decodePickle } from '../pickle/decode-pickle.ts';
import type { UnpickleOptions } from '../pickle/unpickler.ts';
import type { OpenedPickle } from './opened-pickle.ts';
import { TorchStorage, UnreadableTensor } from './tensor-reference.ts';

/** The first pickle of a file of `torch.save` before PyTorch 1.6. */
const magicNumber = 0x1950a86a20f9469cfc6cn;

/**
 * The stream of pickles and numbers that `torch.save` wrote before PyTorch 1.6; or a pickle alone, whose tensors are
 * NumPy arrays, such as Detectron2's `.pkl`.
 */
export function openStream(bytes: Uint8Array, options: UnpickleOptions): OpenedPickle {
  const first = decodePickle(bytes, { ...options, persistent: outside });
  if (first.value !== magicNumber) {
    return { value: first.value, read: outside };
  }
  let position = first.end;
  const next = (own: UnpickleOptions = {}) => {
    const { value, end } = decodePickle(bytes, own, position);
    position = end;
    return value;
  };
  const version = next();
  if (version !== 1001) {
    // Not any value as a text: lists in lists without end have none.
    const found = typeof version === 'number' ? String(version) : 'no number';
    throw checkpointError(`expected protocol version 1001, got ${found}`);
  }
  const system = next();
  if (!(system instanceof Map) || system.get('little_endian') !== true) {
    throw checkpointError('it was not written on a little-endian machine');
  }
  // The lengths of storages are checked against their dtypes, which only the main pickle knows.
  const sizes = new Map<string, number>();
  const storages = (id: unknown): unknown => {
    const storage = options.persistent?.(id);
    if (storage instanceof TorchStorage) {
      sizes.set(storage.key, bytesPerElement(storage.dtype) as number);
    }
    // Without the size of its elements, what follows it in the file cannot be found.
    if (storage instanceof UnreadableTensor) {
      throw checkpointError(
        `it has a storage of ${storage.kind.slice(0, 80)}, which is not read: save the state dict alone, or the file again in a newer PyTorch`,
      );
    }
    return storage;
  };
  const value = next({ ...options, persistent: storages });
  const keys = next();
  if (!Array.isArray(keys)) throw checkpointError('it has no list of storages');
  const spans = readStorages(bytes, position, keys, sizes);
  return {
    value,
    read({ key }) {
      const data = spans.get(key);
      if (!data) throw checkpointError(`storage ${key} is missing: the file is cut off or damaged`);
      return data;
    },
  };
}

function outside(): never {
  throw checkpointError('it refers to data outside of the pickle');
}

/** What is there of the storages: each is an 8-byte count of elements, then the elements. */
function readStorages(
  bytes: Uint8Array,
  start: number,
  keys: readonly unknown[],
  sizes: ReadonlyMap<string, number>,
): Map<string, Uint8Array> {
  const cursor = new ByteCursor(bytes, start);
  const spans = new Map<string, Uint8Array>();
  for (const key of keys) {
    const size = typeof key === 'string' ? sizes.get(key) : undefined;
    if (typeof key !== 'string' || size === undefined || spans.has(key)) {
      throw checkpointError('its list of storages does not fit its tensors');
    }
    // A file that is cut off here is told with the name of the first tensor that it lacks.
    if (cursor.left < 8) break;
    const length = Number(cursor.uint64()) * size;
    if (length > cursor.left) break;
    spans.set(key, cursor.bytes(length));
  }
  return spans;
}
