import type * as tf from '@tensorflow/tfjs-core';

/** A tensor as the shader sees it: an array of numbers, or of vectors of four. */
export interface VectorInput {
  readonly tensor: tf.TensorInfo;
  /** Four numbers an element. The tensor's size must be a multiple of 4. */
  readonly vector: boolean;
}

/** A new tensor to write. */
export interface NewOutput {
  readonly shape: readonly number[];
  /** `float32` by default. */
  readonly dtype?: 'float32' | 'int32';
  /** Four numbers an element. The size must be a multiple of 4. */
  readonly vector?: boolean;
  /**
   * Hold two bytes a number where the last axis is a multiple of 4; takes `vector` and float32. The shader reads and
   * writes `vec4<f32>` all the same.
   */
  readonly half?: boolean;
}

/** A tensor that there is already, to be read and written in place. */
export interface InPlace {
  readonly inPlace: tf.TensorInfo;
  readonly vector?: boolean;
}

/** Bytes and arithmetic of one dispatch, for profiles. */
export interface DispatchCost {
  /** Floating-point operations that are issued, padding of tiles included; 0 by default. */
  readonly flops: number;
  /** Without what padding wastes; `flops` by default. */
  readonly necessaryFlops: number;
  /** Bytes that workgroups load and store; by default all that is bound, once. */
  readonly bytes: number;
  /** Inputs and results of the whole operation once, without workspace; by default all that is bound, once. */
  readonly necessaryBytes: number;
}

/** The text of a shader, between what the runner writes around it. */
export interface ShaderText {
  /** Functions, constants and workgroup variables. */
  readonly declarations?: string;
  /**
   * The statements of the entry point. It can use every input and output by its name, `uniforms.<name>`, and the
   * i32 values `lane` (in the workgroup), `group` (the workgroup's flat number) and `index`
   * (`group · workgroupSize + lane`); `workgroup` is the vec3<i32> of the workgroup. When workgroups are given as
   * one number, there may be more of them than asked for: guard with the size.
   */
  readonly body: string;
}

/** One dispatch of a compute shader. */
export interface WebgpuProgram<Output extends string = string> {
  /** Of the operation, in profiles and errors. */
  readonly name: string;
  /** All that `shader` depends on beside the names and element types of inputs, outputs and uniforms. */
  readonly variant?: string;
  /** Read-only. An input may be bound twice, but not also be an output in place. */
  readonly inputs: Readonly<Record<string, tf.TensorInfo | VectorInput>>;
  /** At most 8 inputs and outputs together. */
  readonly outputs: Readonly<Record<Output, NewOutput | InPlace>>;
  /** i32 uniforms. */
  readonly integers?: Readonly<Record<string, number>>;
  /** f32 uniforms. */
  readonly floats?: Readonly<Record<string, number>>;
  /** Invocations of a workgroup; 64 by default. */
  readonly workgroupSize?: number;
  /**
   * The shader uses operations of subgroups, which the device must have; `laneOfSubgroup`, a u32, is the lane in the
   * subgroup.
   */
  readonly subgroups?: boolean;
  /** The shader uses subgroup matrices of halves, too; `subgroupOfWorkgroup`, a u32, is the number of the subgroup. */
  readonly subgroupMatrices?: boolean;
  /** How many, flat (folded where a dimension would not hold them) or by dimension. */
  readonly workgroups: number | readonly [number, number, number];
  /** Called once for all programs of the same name, variant and element types. */
  readonly shader: () => ShaderText;
  readonly cost?: Partial<DispatchCost>;
}

/** The tensor as vectors of four where its last axis allows it. */
export function vectors(tensor: tf.TensorInfo, vector: boolean = (tensor.shape.at(-1) ?? 1) % 4 === 0) {
  return { tensor, vector } satisfies VectorInput;
}
