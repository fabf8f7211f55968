import { describeNonFinite, type ParameterSet, type ParameterSpec, PixconError } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { assertTensorsFit, type FitOptions } from './assert-tensors-fit.ts';
import { checkpointError } from './checkpoint-error.ts';
import { fromFileLayout, toFileLayout } from './file-layout.ts';
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

export interface LoadParametersOptions extends FitOptions {
  /** Loads only the parameters below this prefix, which the file's names do not have. Default: all. */
  readonly prefix?: string;
}

/**
 * Sets parameters from a file's tensors, in place. Strict: it throws, before anything has changed, unless names
 * and shapes match exactly and every value is finite.
 *
 * @param tensors as `decodeSafetensors` or `readSafetensors` gives them, in PyTorch's layout; any float dtype
 * @throws PixconError `checkpoint` that lists the missing, unexpected and wrongly shaped names, or names a tensor that
 *   holds NaN or infinities
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
  const { prefix = '', ...rest } = options;
  const start = prefix === '' ? '' : `${prefix}.`;
  const wanted = parameters.specs
    .filter((spec) => spec.name.startsWith(start))
    .map((spec) => ({ ...spec, name: spec.name.slice(start.length) }));
  assertTensorsFit('loadParameters', wanted, tensors, rest);
  assertFinite(wanted, tensors);
  for (const spec of wanted) {
    const tensor = tensors.get(spec.name) as HostTensor;
    const { data } = fromFileLayout(
      { shape: tensor.shape, data: Float32Array.from(tensor.data as Float32Array) },
      spec.layout,
    );
    const value = tf.tensor(data, [...spec.shape]);
    parameters.get(`${start}${spec.name}`).assign(value);
    value.dispose();
  }
}

/** A network that has lost a number gives features that may look sound, since kernels may take NaN for 0. */
function assertFinite(specs: readonly ParameterSpec[], tensors: ReadonlyMap<string, HostTensor>): void {
  for (const { name } of specs) {
    const { data } = tensors.get(name) as HostTensor;
    // A double may be too large for float32.
    const values = data instanceof Float64Array ? Float32Array.from(data) : (data as Float32Array);
    const problem = describeNonFinite(values);
    if (problem === undefined) continue;
    throw checkpointError(
      `loadParameters: tensor ${name} must be finite, but holds ${problem}; take weights from before they diverged`,
    );
  }
}
