import { PixconError } from '@pixcon/core';
import type * as tf from '@tensorflow/tfjs-core';
import { halfAccess } from './half-access.ts';
import { canBeHalf, isHalf } from './half-tensors.ts';
import type { InPlace, NewOutput, ShaderText, VectorInput, WebgpuProgram } from './program.ts';

/** A storage buffer of a program: its name, type and access. */
export interface Binding {
  readonly name: string;
  readonly element: string;
  readonly writable: boolean;
}

/** Four halves; shaders read and write them as `vec4<f32>`. */
const fourHalves = 'vec2<u32>';

/**
 * The storage buffers in the order of their bindings: inputs, then outputs; uniforms come last.
 *
 * @throws PixconError `invalid-argument` where a tensor in half precision is read number by number
 */
export function bindingsOf({ name: operation, inputs, outputs }: WebgpuProgram): Binding[] {
  const elementOf = (name: string, { half, dtype, vector }: Values): string => {
    if (half && vector) return fourHalves;
    if (half) {
      throw new PixconError(
        'invalid-argument',
        `${operation}: ${name} is in half precision, which this operation does not take; pass it through fullPrecision first`,
      );
    }
    const scalar = dtype === 'float32' ? 'f32' : 'i32';
    return vector ? `vec4<${scalar}>` : scalar;
  };
  return [
    ...Object.entries(inputs).map(([name, input]) => ({
      name,
      element: elementOf(name, valuesOf(tensorOf(input), 'tensor' in input && input.vector)),
      writable: false,
    })),
    ...Object.entries<NewOutput | InPlace>(outputs).map(([name, output]) => ({
      name,
      element: elementOf(
        name,
        'inPlace' in output
          ? valuesOf(output.inPlace, output.vector)
          : { half: isHalfOutput(output), dtype: output.dtype ?? 'float32', vector: output.vector === true },
      ),
      writable: true,
    })),
  ];
}

interface Values {
  readonly half: boolean;
  readonly dtype: tf.DataType;
  readonly vector: boolean;
}

function valuesOf(tensor: tf.TensorInfo, vector = false): Values {
  return { half: isHalf(tensor), dtype: tensor.dtype, vector };
}

/** Whether a new output is made in half precision: where it was asked for, and its shape allows it. */
export function isHalfOutput({ half = false, shape, dtype }: NewOutput): boolean {
  return half && canBeHalf(shape, dtype);
}

export function tensorOf(input: tf.TensorInfo | VectorInput): tf.TensorInfo {
  return 'tensor' in input ? input.tensor : input;
}

/** Distinguishes programs whose pipelines differ. */
export function programKey(program: WebgpuProgram, bindings: readonly Binding[]): string {
  const { name, variant = '', integers = {}, floats = {}, workgroupSize = 64 } = program;
  const { subgroups = false, subgroupMatrices = false } = program;
  const storage = bindings.map((binding) => `${binding.name}:${binding.element}:${binding.writable}`);
  return [
    name,
    variant,
    workgroupSize,
    subgroups,
    subgroupMatrices,
    storage,
    Object.keys(integers),
    Object.keys(floats),
  ].join('|');
}

/** The WGSL module of a program. */
export function shaderSource(program: WebgpuProgram, bindings: readonly Binding[]): string {
  const { integers = {}, floats = {}, workgroupSize = 64, subgroupMatrices = false } = program;
  const { subgroups = subgroupMatrices } = program;
  const { declarations = '', body }: ShaderText = program.shader();
  const members = [
    ...Object.keys(integers).map((name) => `${name} : i32,`),
    ...Object.keys(floats).map((name) => `${name} : f32,`),
  ];
  const uniforms =
    members.length === 0
      ? ''
      : `struct Uniforms { ${members.join(' ')} }
@group(0) @binding(${bindings.length}) var<uniform> uniforms : Uniforms;`;
  const storage = bindings.map(
    ({ name, element, writable }, i) =>
      `@group(0) @binding(${i}) var<storage, ${writable ? 'read_write' : 'read'}> ${name} : array<${element}>;`,
  );
  const halves = halfAccess(
    program.name,
    bindings.filter(({ element }) => element === fourHalves).map(({ name }) => name),
  );
  return `${subgroups ? 'enable subgroups;' : ''}
${subgroupMatrices ? 'enable f16; enable chromium_experimental_subgroup_matrix;' : ''}
${storage.join('\n')}
${uniforms}
${halves.functions}
${halves.rewrite(declarations)}
@compute @workgroup_size(${workgroupSize})
fn main(
  @builtin(workgroup_id) workgroupOfGrid : vec3<u32>,
  @builtin(num_workgroups) grid : vec3<u32>,
  @builtin(local_invocation_index) laneOfWorkgroup : u32,
  ${subgroups ? '@builtin(subgroup_invocation_id) laneOfSubgroup : u32,' : ''}
  ${subgroupMatrices ? '@builtin(subgroup_id) subgroupOfWorkgroup : u32,' : ''}
) {
  let workgroup = vec3<i32>(workgroupOfGrid);
  let lane = i32(laneOfWorkgroup);
  let group = workgroup.x + i32(grid.x) * (workgroup.y + i32(grid.y) * workgroup.z);
  let index = group * ${workgroupSize} + lane;
${halves.rewrite(body)}
}
`;
}
