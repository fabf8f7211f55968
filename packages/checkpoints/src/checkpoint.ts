import { ParameterSet, PixconError } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { checkpointError } from './checkpoint-error.ts';
import { decodeSafetensors } from './decode-safetensors.ts';
import { encodeSafetensors } from './encode-safetensors.ts';
import type { EncodableTensor, HostTensor } from './host-tensor.ts';
import { parametersToFile } from './parameters.ts';

/** What `JSON.stringify` writes and `JSON.parse` gives back unchanged. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Everything a run needs to go on. */
export interface CheckpointContent {
  /**
   * Tensors by section (`online`, `optimizer`, `queue-dense` …) and name. A `ParameterSet` is stored in PyTorch's
   * layout, for `loadParameters`; a map of tensors as it is, for `toTensors`. Section names have no `/`.
   */
  readonly sections: Readonly<Record<string, ParameterSet | ReadonlyMap<string, tf.Tensor>>>;
  /** The rest: step, configuration, random states, queue pointers. */
  readonly record: Json;
}

/** A checkpoint in main memory. */
export interface DecodedCheckpoint {
  readonly sections: Readonly<Record<string, ReadonlyMap<string, HostTensor>>>;
  readonly record: Json;
}

const format = 'pixcon-checkpoint-1';

/**
 * One safetensors file with all of `content`; tensors are named `section/name`, the record is JSON in the
 * metadata. Values are read asynchronously: take no training step until the promise settles.
 *
 * @throws PixconError `invalid-argument` for a section name with a slash or a tensor that is not float32, int32
 * or bool
 */
export async function encodeCheckpoint(content: CheckpointContent): Promise<Uint8Array> {
  const names = Object.keys(content.sections);
  for (const name of names) {
    if (name === '' || name.includes('/')) {
      throw new PixconError(
        'invalid-argument',
        `encodeCheckpoint: section '${name}' must have a name without '/'`,
      );
    }
  }
  const sections = await Promise.all(
    Object.entries(content.sections).map(async ([section, tensors]) => {
      const host =
        tensors instanceof ParameterSet ? await parametersToFile(tensors) : await download(section, tensors);
      return [...host].map(([name, tensor]): [string, EncodableTensor] => [`${section}/${name}`, tensor]);
    }),
  );
  const metadata = { format, sections: JSON.stringify(names), record: JSON.stringify(content.record) };
  return encodeSafetensors(new Map(sections.flat()), metadata);
}

/**
 * The content of a checkpoint's bytes.
 *
 * @throws PixconError `checkpoint` when the bytes are damaged or no checkpoint of this library
 */
export function decodeCheckpoint(bytes: Uint8Array): DecodedCheckpoint {
  const { tensors, metadata } = decodeSafetensors(bytes);
  if (metadata.format !== format) {
    throw checkpointError(
      `decodeCheckpoint: expected a file of format ${format}, got ${metadata.format ?? 'none: exported weights cannot be resumed'}`,
    );
  }
  const names = parse(metadata, 'sections');
  const record = parse(metadata, 'record');
  const sections = new Map<string, Map<string, HostTensor>>();
  for (const name of Array.isArray(names) ? names : []) sections.set(String(name), new Map());
  for (const [path, tensor] of tensors) {
    const slash = path.indexOf('/');
    const section = sections.get(path.slice(0, Math.max(slash, 0)));
    if (!section) throw checkpointError(`decodeCheckpoint: tensor ${path} belongs to no listed section`);
    section.set(path.slice(slash + 1), tensor);
  }
  return { sections: Object.fromEntries(sections), record };
}

/**
 * Tensors on the running backend from a section, for `Optimizer.restore` and `KeyQueue.restore`. The caller
 * disposes them.
 *
 * @throws PixconError `checkpoint` for a dtype that has no tensor here
 *
 * @example
 * const velocity = toTensors(checkpoint.sections.optimizer);
 * optimizer.restore(velocity); // it copies
 * tf.dispose([...velocity.values()]);
 */
export function toTensors(section: ReadonlyMap<string, HostTensor>): Map<string, tf.Tensor> {
  const tensors = new Map<string, tf.Tensor>();
  for (const [name, { dtype, shape, data }] of section) {
    if (dtype === 'F32' || dtype === 'F16' || dtype === 'BF16')
      tensors.set(name, tf.tensor(data, [...shape], 'float32'));
    else if (dtype === 'I32') tensors.set(name, tf.tensor(data, [...shape], 'int32'));
    else if (dtype === 'BOOL') tensors.set(name, tf.tensor(data, [...shape], 'bool'));
    else {
      tf.dispose([...tensors.values()]);
      throw checkpointError(`toTensors: tensor ${name} has dtype ${dtype}, expected F32, I32 or BOOL`);
    }
  }
  return tensors;
}

async function download(
  section: string,
  tensors: ReadonlyMap<string, tf.Tensor>,
): Promise<Map<string, EncodableTensor>> {
  const host = await Promise.all(
    [...tensors].map(async ([name, tensor]): Promise<[string, EncodableTensor]> => {
      const { dtype, shape } = tensor;
      const data = await tensor.data();
      if (dtype === 'float32') return [name, { dtype: 'F32', shape, data: data as Float32Array }];
      if (dtype === 'int32') return [name, { dtype: 'I32', shape, data: data as Int32Array }];
      if (dtype === 'bool') return [name, { dtype: 'BOOL', shape, data: data as Uint8Array }];
      throw new PixconError(
        'invalid-argument',
        `encodeCheckpoint: tensor ${section}/${name} must be float32, int32 or bool, got ${dtype}`,
      );
    }),
  );
  return new Map(host);
}

function parse(metadata: Readonly<Record<string, string>>, name: string): Json {
  try {
    return JSON.parse(metadata[name] ?? '') as Json;
  } catch (cause) {
    throw checkpointError(`decodeCheckpoint: the metadata has no readable ${name}`, cause);
  }
}
