import { type PixconError, shorten } from '@pixcon/core';
import { checkpointError } from './checkpoint-error.ts';
import { duplicateKey } from './duplicate-key.ts';
import { bytesPerElement, type Dtype, elementCount, type HostTensor } from './host-tensor.ts';
import { toHostTensor } from './to-host-tensor.ts';

/** The content of a safetensors file. */
export interface SafetensorsContent {
  /** In the order of the header. Each has memory of its own. */
  readonly tensors: Map<string, HostTensor>;
  /** The file's `__metadata__`; empty without one. */
  readonly metadata: Readonly<Record<string, string>>;
}

interface Entry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** The format's own limit: a header is a table of contents, so a larger one is an attack or garbage. */
const largestHeader = 100_000_000;

/**
 * Reads a safetensors file, with every rule of the format checked before any tensor is made: header length and
 * text, no name twice, known dtypes, whole and possible shapes, offsets that fill the data without gap or
 * overlap. Half floats come as exact float32; 64-bit integers as bigint. The host must be little-endian, as all
 * that run JavaScript today are.
 *
 * @throws PixconError `checkpoint` that names the tensor and the rule
 *
 * @example
 * const { tensors, metadata } = decodeSafetensors(bytes);
 * tensors.get('conv1.weight')?.shape; // => [64, 3, 7, 7]
 */
export function decodeSafetensors(bytes: Uint8Array): SafetensorsContent {
  const { header, dataStart } = readHeader(bytes);
  const available = bytes.byteLength - dataStart;
  const entries: Entry[] = [];
  let metadata: Readonly<Record<string, string>> = {};
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') metadata = readMetadata(value);
    else entries.push(readEntry(name, value, available));
  }
  requireContiguous(entries, available);
  const tensors = new Map<string, HostTensor>();
  for (const entry of entries) {
    // Not bytes.slice(): the slice of a Node Buffer shares its memory.
    const own = new Uint8Array(bytes.subarray(dataStart + entry.begin, dataStart + entry.end));
    tensors.set(entry.name, toHostTensor(entry.dtype, entry.shape, own.buffer));
  }
  return { tensors, metadata };
}

function failure(reason: string, cause?: unknown): PixconError {
  return checkpointError(`decodeSafetensors: ${reason}`, cause);
}

function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.byteLength < 8) {
    throw failure(`expected a header length of 8 bytes, got a file of ${bytes.byteLength} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const declared = view.getBigUint64(0, true);
  if (declared > BigInt(largestHeader)) {
    throw failure(`the header says it is ${declared} bytes long, above the limit of ${largestHeader}`);
  }
  const length = Number(declared);
  if (length > bytes.byteLength - 8) {
    throw failure(
      `the header says it is ${length} bytes long, but ${bytes.byteLength - 8} follow: the file is cut off`,
    );
  }
  let header: unknown;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(8, 8 + length));
    header = JSON.parse(text);
  } catch (error) {
    throw failure('the header is not JSON in UTF-8', error);
  }
  if (!text.startsWith('{') || !isRecord(header))
    throw failure('the header must be a JSON object from its first byte');
  const twice = duplicateKey(text);
  if (twice !== undefined) throw failure(`the header has the name ${JSON.stringify(twice)} twice`);
  return { header, dataStart: 8 + length };
}

function readMetadata(value: unknown): Readonly<Record<string, string>> {
  if (!isRecord(value)) throw failure('__metadata__ must be an object of strings');
  for (const [name, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw failure(`__metadata__ must hold strings only, but ${name} is none`);
  }
  return value as Record<string, string>;
}

function readEntry(name: string, value: unknown, available: number): Entry {
  const fail = (reason: string) => failure(`tensor ${name} ${reason}`);
  if (!isRecord(value)) throw fail('must be described by an object');
  const unknown = Object.keys(value).find((key) => !['dtype', 'shape', 'data_offsets'].includes(key));
  if (unknown !== undefined) throw fail(`has the unknown field ${JSON.stringify(unknown)}`);
  const { dtype, shape, data_offsets: offsets } = value;
  const size = typeof dtype === 'string' ? bytesPerElement(dtype) : undefined;
  if (size === undefined) {
    throw fail(
      dtype === undefined
        ? 'has no dtype'
        : `has the unsupported dtype ${shorten(JSON.stringify(dtype), 80)}`,
    );
  }
  if (!isSizes(shape)) throw fail('must have a shape of whole numbers');
  if (!isSizes(offsets) || offsets.length !== 2) throw fail('must have two whole data_offsets');
  const [begin, end] = offsets as [number, number];
  if (begin > end || end > available) {
    throw fail(
      `has data_offsets [${begin}, ${end}] outside the ${available} bytes of data: the file is cut off or damaged`,
    );
  }
  const needed = elementCount(shape) * size;
  if (!Number.isSafeInteger(needed) || needed !== end - begin) {
    throw fail(
      `of dtype ${dtype} and shape [${shape.slice(0, 8).join(', ')}] needs ${needed} bytes, got ${end - begin}`,
    );
  }
  return { name, dtype: dtype as Dtype, shape, begin, end };
}

/** The data must be filled exactly: a gap could hide content, an overlap shares it. */
function requireContiguous(entries: readonly Entry[], available: number): void {
  const ordered = [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end);
  let position = 0;
  for (const { name, begin, end } of ordered) {
    if (begin < position) throw failure(`tensor ${name} overlaps the tensor before it`);
    if (begin > position)
      throw failure(`${begin - position} bytes before tensor ${name} belong to no tensor`);
    position = end;
  }
  if (position !== available) throw failure(`the last ${available - position} bytes belong to no tensor`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
