import type * as tf from '@tensorflow/tfjs-core';
import type { InPlace, NewOutput, ShaderText, VectorInput, WebgpuProgram } from './program.ts';

/** A storage buffer of a program: its name, type and access. */
export interface Binding {
  readonly name: string;
  readonly element: string;
  readonly writable: boolean;
}

/** The storage buffers in the order of their bindings: inputs, then outputs; uniforms come last. */
export function bindingsOf({ inputs, outputs }: WebgpuProgram): Binding[] {
  return [
    ...Object.entries(inputs).map(([name, input]) => ({
      name,
      element: elementOf(tensorOf(input).dtype, 'tensor' in input && input.vector),
      writable: false,
    })),
    ...Object.entries<NewOutput | InPlace>(outputs).map(([name, output]) => ({
      name,
      element: elementOf(
        'inPlace' in output ? output.inPlace.dtype : (output.dtype ?? 'float32'),
        output.vector === true,
      ),
      writable: true,
    })),
  ];
}

export function tensorOf(input: tf.TensorInfo | VectorInput): tf.TensorInfo {
  return 'tensor' in input ? input.tensor : input;
}

/** Distinguishes programs whose pipelines differ. */
export function programKey(program: WebgpuProgram, bindings: readonly Binding[]): string {
  const { name, variant = '', integers = {}, floats = {}, workgroupSize = 64 } = program;
  const storage = bindings.map((binding) => `${binding.name}:${binding.element}:${binding.writable}`);
  return [name, variant, workgroupSize, storage, Object.keys(integers), Object.keys(floats)].join('|');
}

/** The WGSL module of a program. */
export function shaderSource(program: WebgpuProgram, bindings: readonly Binding[]): string {
  const { integers = {}, floats = {}, workgroupSize = 64 } = program;
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
  return `${storage.join('\n')}
${uniforms}
${declarations}
@compute @workgroup_size(${workgroupSize})
fn main(
  @builtin(workgroup_id) workgroupOfGrid : vec3<u32>,
  @builtin(num_workgroups) grid : vec3<u32>,
  @builtin(local_invocation_index) laneOfWorkgroup : u32,
) {
  let workgroup = vec3<i32>(workgroupOfGrid);
  let lane = i32(laneOfWorkgroup);
  let group = workgroup.x + i32(grid.x) * (workgroup.y + i32(grid.y) * workgroup.z);
  let index = group * ${workgroupSize} + lane;
${body}
}
`;
}

function elementOf(dtype: tf.DataType, vector: boolean): string {
  const scalar = dtype === 'float32' ? 'f32' : 'i32';
  return vector ? `vec4<${scalar}>` : scalar;
}
