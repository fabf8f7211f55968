import { type ParameterSet, type ParameterSpec, PixconError } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { fileShape, fromFileLayout, toFileLayout } from './file-layout.ts';
import type { EncodableTensor, HostTensor } from './host-tensor.ts';

export interface ParametersToFileOptions {
  /** Takes only the parameters below this prefix, and leaves the prefix out of their names. Default: all. */
  readonly prefix?: string;
  /** Takes only the names that this accepts; it sees them without the prefix. Default: all. */
  readonly select?: (name: string) => boolean;
}

/**
 * The parameters of a network as they stand in a file: PyTorch's names and layout, so that
 * `model.load_state_dict(load_file(path))` takes them. Values are read asynchronously; change no parameter until
 * the promise settles.
 *
 * @throws PixconError `invalid-argument` when no parameter is selected
 *
 * @example
 * const tensors = await parametersToFile(online, { prefix: 'backbone' });
 * tensors.get('conv1.weight')?.shape; // => [64, 3, 7, 7]
 */
export async function parametersToFile(
  parameters: ParameterSet,
  options: ParametersToFileOptions = {},
): Promise<Map<string, EncodableTensor>> {
  const { prefix = '', select = () => true } = options;
  const start = prefix === '' ? '' : `${prefix}.`;
  const chosen = parameters.specs.flatMap((spec) => {
    const name = spec.name.slice(start.length);
    return spec.name.startsWith(start) && select(name) ? [{ spec, name }] : [];
  });
  if (chosen.length === 0) {
    throw new PixconError(
      'invalid-argument',
      `parametersToFile: no parameter matches prefix '${prefix}' and select`,
    );
  }
  return new Map(
    await Promise.all(
      chosen.map(async ({ spec, name }): Promise<[string, EncodableTensor]> => {
        const data = (await parameters.get(spec.name).data()) as Float32Array;
        return [name, { dtype: 'F32', ...toFileLayout({ shape: spec.shape, data }, spec.layout) }];
      }),
    ),
  );
}

export interface LoadParametersOptions {
  /** Loads only the parameters below this prefix, which the file's names do not have. Default: all. */
  readonly prefix?: string;
  /**
   * Names in the file to pass over. Default: PyTorch's `…num_batches_tracked` counters, which nothing here uses.
   */
  readonly ignore?: (name: string) => boolean;
}

/**
 * Sets parameters from a file's tensors, in place. Strict: it throws, before anything has changed, unless names
 * and shapes match exactly.
 *
 * @param tensors as `decodeSafetensors` or `readSafetensors` gives them, in PyTorch's layout; any float dtype
 * @throws PixconError `checkpoint` that lists the missing, unexpected and wrongly shaped names
 *
 * @example
 * const { tensors } = await readSafetensors('resnet18.safetensors');
 * loadParameters(online, tensors, { prefix: 'backbone', ignore: (name) => name.startsWith('fc.') });
 */
export function loadParameters(
  parameters: ParameterSet,
  tensors: ReadonlyMap<string, HostTensor>,
  options: LoadParametersOptions = {},
): void {
  const { prefix = '', ignore = (name) => name.endsWith('num_batches_tracked') } = options;
  const start = prefix === '' ? '' : `${prefix}.`;
  const wanted = new Map<string, ParameterSpec>();
  for (const spec of parameters.specs) {
    if (spec.name.startsWith(start)) wanted.set(spec.name.slice(start.length), spec);
  }
  const missing = [...wanted.keys()].filter((name) => !tensors.has(name));
  const unexpected = [...tensors.keys()].filter((name) => !wanted.has(name) && !ignore(name));
  const misfits: string[] = [];
  for (const [name, spec] of wanted) {
    const tensor = tensors.get(name);
    if (!tensor) continue;
    const expected = fileShape(spec.shape, spec.layout).join(', ');
    if (tensor.shape.join(', ') !== expected) {
      misfits.push(`${name} (expected [${expected}], got [${tensor.shape.join(', ')}])`);
    } else if (!isFloat(tensor)) misfits.push(`${name} (expected a float dtype, got ${tensor.dtype})`);
  }
  const problems = [list('missing', missing), list('unexpected', unexpected), list('mis-shaped', misfits)];
  const message = problems.filter((problem) => problem !== '').join('; ');
  if (message)
    throw new PixconError('checkpoint', `loadParameters: the file does not fit the network: ${message}`);
  for (const [name, spec] of wanted) {
    const tensor = tensors.get(name) as HostTensor;
    const { data } = fromFileLayout(
      { shape: tensor.shape, data: Float32Array.from(tensor.data as Float32Array) },
      spec.layout,
    );
    const value = tf.tensor(data, [...spec.shape]);
    parameters.get(spec.name).assign(value);
    value.dispose();
  }
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
