import { bfloat16ToFloat32, float16ToFloat32 } from './half-floats.ts';
import type { Dtype, HostTensor } from './host-tensor.ts';

/** A tensor from its bytes in a file. It takes the buffer, which must fill the shape. */
export function toHostTensor(dtype: Dtype, shape: readonly number[], buffer: ArrayBuffer): HostTensor {
  switch (dtype) {
    case 'F64':
      return { dtype, shape, data: new Float64Array(buffer) };
    case 'F32':
      return { dtype, shape, data: new Float32Array(buffer) };
    case 'F16':
      return { dtype, shape, data: float16ToFloat32(new Uint16Array(buffer)) };
    case 'BF16':
      return { dtype, shape, data: bfloat16ToFloat32(new Uint16Array(buffer)) };
    case 'I64':
      return { dtype, shape, data: new BigInt64Array(buffer) };
    case 'U64':
      return { dtype, shape, data: new BigUint64Array(buffer) };
    case 'I32':
      return { dtype, shape, data: new Int32Array(buffer) };
    case 'U32':
      return { dtype, shape, data: new Uint32Array(buffer) };
    case 'I16':
      return { dtype, shape, data: new Int16Array(buffer) };
    case 'U16':
      return { dtype, shape, data: new Uint16Array(buffer) };
    case 'I8':
      return { dtype, shape, data: new Int8Array(buffer) };
    case 'U8':
    case 'BOOL':
      return { dtype, shape, data: new Uint8Array(buffer) };
  }
}
