import * as tf from '@tensorflow/tfjs-core';
import type { WebgpuBackend } from './backend.ts';
import { type InPlace, type VectorInput, vectors } from './program.ts';
import { runWebgpuProgram } from './run-program.ts';

const workgroupSize = 256;

/** A tensor, or several of one size, that a dispatch works on beside others. */
export interface Part {
  readonly size: number;
  readonly inputs: Readonly<Record<string, tf.Tensor>>;
  readonly outputs: Readonly<Record<string, tf.Tensor>>;
}

/**
 * As many parts as there are buffers for, those of the same alignment together.
 *
 * @param buffers of each part
 * @param shared buffers of all
 */
export function batches<T>(
  parts: readonly T[],
  buffers: number,
  size: (part: T) => number,
  shared = 0,
): T[][] {
  const { device } = tf.backend() as unknown as WebgpuBackend;
  const most = Math.max(1, Math.floor((device.limits.maxStorageBuffersPerShaderStage - shared) / buffers));
  const result: T[][] = [];
  for (const aligned of [true, false]) {
    const same = parts.filter((part) => size(part) > 0 && (size(part) % 4 === 0) === aligned);
    for (let start = 0; start < same.length; start += most) result.push(same.slice(start, start + most));
  }
  return result;
}

/**
 * Runs the statements of `update` for every element of every part, in one dispatch: workgroups are dealt out to the
 * parts one after another.
 *
 * @param update gets the names of the buffers of a part, and its number; `at` is the element
 * @param shared what every part reads, and writes in place, by its name
 */
export function runTogether(
  name: string,
  parts: readonly Part[],
  floats: Readonly<Record<string, number>>,
  update: (names: Readonly<Record<string, string>>, part: number) => string,
  shared: {
    readonly inputs?: Readonly<Record<string, tf.Tensor>>;
    readonly outputs?: Readonly<Record<string, tf.Tensor>>;
  } = {},
): void {
  const vector = parts.every(({ size }) => size % 4 === 0);
  const inputs: Record<string, tf.TensorInfo | VectorInput> = { ...shared.inputs };
  const outputs: Record<string, InPlace> = {};
  for (const [key, tensor] of Object.entries(shared.outputs ?? {})) outputs[key] = { inPlace: tensor };
  const integers: Record<string, number> = {};
  const namesOf: Record<string, string>[] = [];
  let workgroups = 0;
  parts.forEach((part, i) => {
    const count = vector ? part.size / 4 : part.size;
    const names = Object.fromEntries(
      [...Object.keys(part.inputs), ...Object.keys(part.outputs)].map((key) => [key, `${key}${i}`]),
    );
    for (const [key, tensor] of Object.entries(part.inputs)) inputs[`${key}${i}`] = vectors(tensor, vector);
    for (const [key, tensor] of Object.entries(part.outputs))
      outputs[`${key}${i}`] = { inPlace: tensor, vector };
    integers[`start${i}`] = workgroups;
    workgroups += Math.ceil(count / workgroupSize);
    integers[`end${i}`] = workgroups;
    integers[`count${i}`] = count;
    namesOf.push(names);
  });
  runWebgpuProgram({
    name,
    variant: `${parts.length}`,
    inputs,
    outputs,
    integers,
    floats,
    workgroupSize,
    workgroups,
    shader: () => ({
      body: namesOf
        .map(
          (names, i) => `if (group >= uniforms.start${i} && group < uniforms.end${i}) {
      let at = (group - uniforms.start${i}) * ${workgroupSize} + lane;
      if (at < uniforms.count${i}) { ${update(names, i)} }
    }`,
        )
        .join('\n'),
    }),
  });
}

/** WGSL that ends an update before it has changed anything where the number `skip` of all parts is not 0. */
export function returnIf(skip: tf.Tensor | undefined): string {
  return skip ? 'if (skip[0] != 0.0) { return; }' : '';
}
