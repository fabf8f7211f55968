import { checkpointError } from '../checkpoint-error.ts';
import { bytesPerElement, type Dtype, elementCount, type HostTensor } from '../host-tensor.ts';
import { toHostTensor } from '../to-host-tensor.ts';

/** Numbers that lie outside of the pickle; several tensors may share them. */
export class TorchStorage {
  readonly key: string;
  readonly dtype: Dtype;
  /** In elements. */
  readonly length: number;
  /** Its bytes, where the pickle itself has them. */
  readonly inline: (() => Uint8Array) | undefined;

  constructor(key: string, dtype: Dtype, length: number, inline?: () => Uint8Array) {
    this.key = key;
    this.dtype = dtype;
    this.length = length;
    this.inline = inline;
  }
}

/** A storage, or a tensor in one, of a kind that is not read: quantized, complex, an array of objects. */
export class UnreadableTensor {
  readonly kind: string;

  constructor(kind: string) {
    this.kind = kind;
  }
}

/** A tensor as a window into a storage. */
export class TensorReference {
  readonly storage: TorchStorage;
  /** In elements, as the strides. */
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];

  constructor(storage: TorchStorage, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }

  /** In the file's dtype. */
  get byteLength(): number {
    return elementCount(this.shape) * (bytesPerElement(this.storage.dtype) as number);
  }
}

/**
 * The tensor's values row by row, in memory of their own.
 *
 * @param data the storage's bytes
 * @throws PixconError `checkpoint` when the window is larger than the storage or leaves it, or the storage is not
 * as long as the pickle says
 */
export function materialize(reference: TensorReference, data: Uint8Array): HostTensor {
  const { storage, offset, shape, strides } = reference;
  const size = bytesPerElement(storage.dtype) as number;
  if (data.length !== storage.length * size) {
    throw checkpointError(
      `expected ${storage.length} elements of ${storage.dtype} (${storage.length * size} bytes), got ${data.length} bytes: the file is cut off or damaged`,
    );
  }
  const count = elementCount(shape);
  const last = shape.reduce((end, length, axis) => end + (length - 1) * (strides[axis] as number), offset);
  if (count > 0 && (count > storage.length || last >= storage.length)) {
    throw checkpointError(
      `shape [${shape.slice(0, 8).join(', ')}] with strides [${strides.slice(0, 8).join(', ')}] from ${offset} on does not fit into ${storage.length} elements`,
    );
  }
  const bytes = new Uint8Array(count * size);
  if (count > 0) copyWindow(reference, data, bytes, size);
  return toHostTensor(storage.dtype, shape, bytes.buffer);
}

function copyWindow(
  { offset, shape, strides }: TensorReference,
  data: Uint8Array,
  target: Uint8Array,
  size: number,
): void {
  // Axes that lie in order and without gaps are one run.
  let axes = shape.length;
  let run = 1;
  while (axes > 0 && (shape[axes - 1] === 1 || strides[axes - 1] === run)) {
    axes--;
    run *= shape[axes] as number;
  }
  const length = run * size;
  const position = new Array<number>(axes).fill(0);
  let source = offset;
  for (let written = 0; written < target.length; written += length) {
    const start = source * size;
    // A call per element would cost more than its few bytes.
    if (length < 64) for (let i = 0; i < length; i++) target[written + i] = data[start + i] as number;
    else target.set(data.subarray(start, start + length), written);
    for (let axis = axes - 1; axis >= 0; axis--) {
      const stride = strides[axis] as number;
      position[axis] = (position[axis] as number) + 1;
      source += stride;
      if ((position[axis] as number) < (shape[axis] as number)) break;
      source -= stride * (shape[axis] as number);
      position[axis] = 0;
    }
  }
}
