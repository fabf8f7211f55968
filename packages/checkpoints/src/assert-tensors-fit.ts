import type { ParameterSpec } from '@pixcon/core';
import { checkpointError } from './checkpoint-error.ts';
import { fileShape } from './file-layout.ts';
import type { HostTensor } from './host-tensor.ts';

export interface FitOptions {
  /**
   * Names in the file to pass over. Default: PyTorch's `…num_batches_tracked` counters, which nothing here uses.
   */
  readonly ignore?: (name: string) => boolean;
}

/**
 * Throws unless the tensors of a file are those of a network: the same names, shapes (in PyTorch's layout) and
 * float dtypes.
 *
 * @param where the public function that was called, for the message
 * @param specs the network's parameters, by the file's names
 * @throws PixconError `checkpoint` that lists the missing, unexpected and wrongly shaped names
 */
export function assertTensorsFit(
  where: string,
  specs: readonly ParameterSpec[],
  tensors: ReadonlyMap<string, HostTensor>,
  options: FitOptions = {},
): void {
  const { ignore = (name) => name.endsWith('num_batches_tracked') } = options;
  const wanted = new Set(specs.map(({ name }) => name));
  const missing = specs.map(({ name }) => name).filter((name) => !tensors.has(name));
  const unexpected = [...tensors.keys()].filter((name) => !wanted.has(name) && !ignore(name));
  const misfits: string[] = [];
  for (const { name, shape, layout } of specs) {
    const tensor = tensors.get(name);
    if (!tensor) continue;
    const expected = fileShape(shape, layout).join(', ');
    if (tensor.shape.join(', ') !== expected) {
      misfits.push(`${name} (expected [${expected}], got [${tensor.shape.join(', ')}])`);
    } else if (!isFloat(tensor)) misfits.push(`${name} (expected a float dtype, got ${tensor.dtype})`);
  }
  const problems = [list('missing', missing), list('unexpected', unexpected), list('mis-shaped', misfits)];
  const message = problems.filter((problem) => problem !== '').join('; ');
  if (message) throw checkpointError(`${where}: the file does not fit the network: ${message}`);
}

function isFloat({ dtype }: HostTensor): boolean {
  return dtype === 'F32' || dtype === 'F16' || dtype === 'BF16' || dtype === 'F64';
}

/** The first few names in full: a wrong file would list hundreds. */
function list(kind: string, names: readonly string[]): string {
  if (names.length === 0) return '';
  const more = names.length > 8 ? ` and ${names.length - 8} more` : '';
  return `${kind} ${names.slice(0, 8).join(', ')}${more}`;
}
