import { checkpointError } from '../checkpoint-error.ts';
import { bytesPerElement, type Dtype, elementCount } from '../host-tensor.ts';
import { PickleObject, PickleTuple } from '../pickle/values.ts';
import { TensorReference, TorchStorage, UnreadableTensor } from './tensor-reference.ts';
import { wholeNumbers } from './whole-numbers.ts';

const dtypes: ReadonlyMap<string, Dtype> = new Map([
  ['f8', 'F64'],
  ['f4', 'F32'],
  ['f2', 'F16'],
  ['i8', 'I64'],
  ['i4', 'I32'],
  ['i2', 'I16'],
  ['i1', 'I8'],
  ['u8', 'U64'],
  ['u4', 'U32'],
  ['u2', 'U16'],
  ['u1', 'U8'],
  ['b1', 'BOOL'],
]);

/** Values of a NumPy array as its pickle has them. */
interface Described {
  readonly shape: unknown;
  readonly dtype: unknown;
  readonly fortran: boolean;
  readonly data: unknown;
}

/**
 * A NumPy array as a tensor whose numbers lie in the pickle itself: what `_reconstruct` with its state, or `_frombuffer`
 * of protocol 5, say. Undefined for any other object.
 */
export function numpyTensor(object: PickleObject): TensorReference | UnreadableTensor | undefined {
  const described = describe(object);
  if (!described) return undefined;
  const { shape, dtype, fortran, data } = described;
  const sizes = wholeNumbers(shape);
  const number = numberOf(dtype);
  if (!sizes || number === undefined || Array.isArray(data)) return new UnreadableTensor('numpy.ndarray');
  const size = bytesPerElement(number.dtype) as number;
  const inline = () => {
    const bytes = bytesOf(data);
    return number.swapped ? swap(bytes, size) : bytes;
  };
  const storage = new TorchStorage('', number.dtype, elementCount(sizes), inline);
  return new TensorReference(storage, 0, sizes, strides(sizes, fortran));
}

function describe({ path, parameters, state }: PickleObject): Described | undefined {
  if (/^numpy\._?core\.multiarray\._reconstruct$/.test(path)) {
    const [, shape, dtype, fortran, data] = state instanceof PickleTuple ? state.items : [];
    return { shape, dtype, fortran: fortran === true || fortran === 1, data };
  }
  if (/^numpy\._?core\.numeric\._frombuffer$/.test(path)) {
    const [data, dtype, shape, order] = parameters;
    return { shape, dtype, fortran: order === 'F', data };
  }
  return undefined;
}

/** What `numpy.dtype('f4')` with its state says: the state has the byte order. */
function numberOf(value: unknown): { readonly dtype: Dtype; readonly swapped: boolean } | undefined {
  if (!(value instanceof PickleObject) || value.path !== 'numpy.dtype') return undefined;
  const [code] = value.parameters;
  const dtype = typeof code === 'string' ? dtypes.get(code) : undefined;
  const order = value.state instanceof PickleTuple ? value.state.items[1] : '|';
  return dtype && { dtype, swapped: order === '>' };
}

/** Bytes; or the text that protocol 2 writes them as, a letter each. */
function bytesOf(data: unknown): Uint8Array {
  if (data instanceof Uint8Array) return data;
  const encoded = data instanceof PickleObject && data.path === '_codecs.encode' ? data.parameters[0] : data;
  // Empty bytes are made by a call of their class.
  if (data instanceof PickleObject && /^(__builtin__|builtins)\.bytes$/.test(data.path))
    return new Uint8Array();
  if (typeof encoded !== 'string') throw checkpointError('a NumPy array has no bytes');
  const bytes = new Uint8Array(encoded.length);
  for (let i = 0; i < bytes.length; i++) {
    const code = encoded.charCodeAt(i);
    if (code > 255) throw checkpointError('the bytes of a NumPy array are a text that is none of bytes');
    bytes[i] = code;
  }
  return bytes;
}

function strides(shape: readonly number[], fortran: boolean): number[] {
  return shape.map((_, axis) => elementCount(fortran ? shape.slice(0, axis) : shape.slice(axis + 1)));
}

function swap(bytes: Uint8Array, size: number): Uint8Array {
  const result = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) {
    result[i] = bytes[i - (i % size) + size - 1 - (i % size)] as number;
  }
  return result;
}
