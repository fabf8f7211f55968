import type { EncodableTensor } from '../host-tensor.ts';

/** The tensors and PyTorch's counter of each batch normalization, at 0: `strict=True` wants it. */
export function withCounters(tensors: ReadonlyMap<string, EncodableTensor>): Map<string, EncodableTensor> {
  const state = new Map<string, EncodableTensor>();
  for (const [name, tensor] of tensors) {
    state.set(name, tensor);
    if (!name.endsWith('.running_var')) continue;
    const counter = name.replace(/running_var$/, 'num_batches_tracked');
    state.set(counter, { dtype: 'I64', shape: [], data: new BigInt64Array(1) });
  }
  return state;
}
