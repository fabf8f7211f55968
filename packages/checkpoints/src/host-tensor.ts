/**
 * The array that holds a tensor's values in memory, by its dtype in the file. Half floats are widened to float32,
 * which is exact; 64-bit integers stay exact as bigint; booleans are bytes of 0 and 1.
 */
export interface DtypeArrays {
  F64: Float64Array;
  F32: Float32Array;
  F16: Float32Array;
  BF16: Float32Array;
  I64: BigInt64Array;
  U64: BigUint64Array;
  I32: Int32Array;
  U32: Uint32Array;
  I16: Int16Array;
  U16: Uint16Array;
  I8: Int8Array;
  U8: Uint8Array;
  BOOL: Uint8Array;
}

/** A dtype of the safetensors format that this package reads. */
export type Dtype = keyof DtypeArrays;

/** A tensor in main memory: `data` has the product of `shape` as its length, row by row. */
export type HostTensor = {
  [D in Dtype]: { readonly dtype: D; readonly shape: readonly number[]; readonly data: DtypeArrays[D] };
}[Dtype];

/** What `encodeSafetensors` can write: all that can be read, but for half floats, which would lose digits. */
export type EncodableTensor = Exclude<HostTensor, { dtype: 'F16' | 'BF16' }>;

/** Bytes per element in the file, or `undefined` for a dtype that this package does not know. */
export function bytesPerElement(dtype: string): number | undefined {
  switch (dtype) {
    case 'F64':
    case 'I64':
    case 'U64':
      return 8;
    case 'F32':
    case 'I32':
    case 'U32':
      return 4;
    case 'F16':
    case 'BF16':
    case 'I16':
    case 'U16':
      return 2;
    case 'I8':
    case 'U8':
    case 'BOOL':
      return 1;
    default:
      return undefined;
  }
}

/** The number of elements of a shape; not a safe integer when the shape is absurd. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
