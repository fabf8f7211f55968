import { describeNonFinite } from '@pixcon/core';
import { checkpointError } from '../checkpoint-error.ts';
import type { EncodableTensor, HostTensor } from '../host-tensor.ts';

/**
 * Float tensors as float32, rounding doubles: what a network here computes with.
 *
 * @throws PixconError `checkpoint` that names a tensor that is not of floats, or holds infinities or NaN (a double
 * beyond float32's range becomes infinite)
 */
export function toFloat32(tensors: ReadonlyMap<string, HostTensor>): Map<string, EncodableTensor> {
  const result = new Map<string, EncodableTensor>();
  for (const [name, { dtype, shape, data }] of tensors) {
    if (dtype !== 'F32' && dtype !== 'F64' && dtype !== 'F16' && dtype !== 'BF16') {
      throw checkpointError(`toFloat32: tensor ${name} must be of floats, got ${dtype}`);
    }
    const values = data instanceof Float32Array ? data : Float32Array.from(data);
    const problem = describeNonFinite(values);
    if (problem)
      throw checkpointError(
        `toFloat32: tensor ${name} must be finite, but holds ${problem}; take weights from before they diverged`,
      );
    result.set(name, { dtype: 'F32', shape, data: values });
  }
  return result;
}
