import { PixconError } from '@pixcon/core';
import { ByteCursor } from '../byte-cursor.ts';
import { checkpointError } from '../checkpoint-error.ts';
import { bytesPerElement, type HostTensor } from '../host-tensor.ts';
import { decodePickle } from '../pickle/decode-pickle.ts';
import { crc32 } from '../zip/crc32.ts';
import { decodeZip } from '../zip/decode-zip.ts';
import { findStateDict } from './find-state-dict.ts';
import { materialize, type TensorReference, type TorchStorage } from './tensor-reference.ts';
import { torchPickle } from './torch-pickle.ts';

/** The weights in a file of `torch.save`. */
export interface TorchContent {
  /** In the order of the file. Each has memory of its own. */
  readonly tensors: Map<string, HostTensor>;
  /** The keys that led to them: `[]` for a bare state dict, `['state_dict']`, `['model']` … */
  readonly path: readonly string[];
}

/** A storage's bytes. @throws PixconError `checkpoint` when it is missing or damaged */
type StorageReader = (storage: TorchStorage) => Uint8Array;

/** Shared storages may count several times, up to this multiple of the file. */
const largestExpansion = 4;

/** The first pickle of a file before PyTorch 1.6: the number 0x1950a86a20f9469cfc6c. */
const legacyStart = [
  0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e,
] as const;

/**
 * Reads the weights of a `.pth` file: the zip archives that `torch.save` has written since PyTorch 1.6, and the
 * stream before (`_use_new_zipfile_serialization=False`). Nothing of the file is executed: of Python's classes and
 * functions only those that describe tensors have a meaning, and any other is refused. Memory is bounded by a
 * multiple of the file's size. Tensors come contiguous; half floats as exact float32, 64-bit integers as bigint.
 * Parts of the file beside the weights (optimizer, epoch) are passed over.
 *
 * @throws PixconError `checkpoint` that names the tensor, or the part of the file, and what is wrong
 * @example
 * const { tensors, path } = decodeTorch(bytes); // torch.save({'state_dict': model.state_dict()}, …)
 * path; // => ['state_dict']
 * tensors.get('conv1.weight')?.shape; // => [64, 3, 7, 7]
 */
export function decodeTorch(bytes: Uint8Array): TorchContent {
  try {
    const { value, read } = isZip(bytes) ? openArchive(bytes) : openStream(bytes);
    const found = findStateDict(value);
    if (!found) throw checkpointError('it holds no dict with tensors');
    return { tensors: materializeAll(found.tensors, read, bytes.length), path: found.path };
  } catch (cause) {
    throw PixconError.isInstance(cause) ? checkpointError(`decodeTorch: ${cause.message}`, cause) : cause;
  }
}

function materializeAll(
  references: ReadonlyMap<string, TensorReference>,
  read: StorageReader,
  fileSize: number,
): Map<string, HostTensor> {
  const tensors = new Map<string, HostTensor>();
  let total = 0;
  for (const [name, reference] of references) {
    try {
      total += reference.byteLength;
      if (!(total <= largestExpansion * fileSize)) {
        throw checkpointError(`up to it, tensors take ${total} bytes in a file of ${fileSize}`);
      }
      tensors.set(name, materialize(reference, read(reference.storage)));
    } catch (cause) {
      if (!PixconError.isInstance(cause)) throw cause;
      throw checkpointError(`tensor ${name.slice(0, 200)}: ${cause.message}`, cause);
    }
  }
  return tensors;
}

function isZip(bytes: Uint8Array): boolean {
  return [0x50, 0x4b, 0x03, 0x04].every((byte, index) => bytes[index] === byte);
}

function openArchive(bytes: Uint8Array): { value: unknown; read: StorageReader } {
  const entries = decodeZip(bytes);
  const pickles = [...entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  const [main] = pickles;
  if (main === undefined || pickles.length > 1) {
    throw checkpointError(
      `expected one data.pkl in the archive, got ${pickles.length}: it is no file of torch.save`,
    );
  }
  const root = main.slice(0, -'data.pkl'.length);
  const entry = (name: string): Uint8Array => {
    const found = entries.get(`${root}${name}`);
    if (!found) throw checkpointError(`the archive has no entry ${name}`);
    if (crc32(found.data) !== found.crc) {
      throw checkpointError(`the bytes of entry ${name} do not fit their checksum: the file is damaged`);
    }
    return found.data;
  };
  if (entries.has(`${root}byteorder`) && new TextDecoder().decode(entry('byteorder')) !== 'little') {
    throw checkpointError('it was written on a big-endian machine: save it again on a common one');
  }
  const { value } = decodePickle(entry('data.pkl'), torchPickle);
  const checked = new Map<string, Uint8Array>();
  return {
    value,
    read({ key }) {
      const data = checked.get(key) ?? entry(`data/${key}`);
      checked.set(key, data);
      return data;
    },
  };
}

function openStream(bytes: Uint8Array): { value: unknown; read: StorageReader } {
  if (!legacyStart.every((byte, index) => bytes[index] === byte)) {
    throw checkpointError('expected a file of torch.save (a zip archive, or the stream before PyTorch 1.6)');
  }
  let position: number = legacyStart.length;
  const next = (options = {}) => {
    const { value, end } = decodePickle(bytes, options, position);
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
    const storage = torchPickle.persistent?.(id) as TorchStorage;
    sizes.set(storage.key, bytesPerElement(storage.dtype) as number);
    return storage;
  };
  const value = next({ ...torchPickle, persistent: storages });
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
