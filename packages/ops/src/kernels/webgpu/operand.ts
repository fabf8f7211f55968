import type { VectorInput } from './program.ts';

/** `A` is the left operand, whose rows are the rows of the product; `B` the right one, with its columns. */
export type Side = 'A' | 'B';

/**
 * One factor of a tiled product: how 4 × 4 blocks of a matrix come out of a tensor, which need not be that matrix.
 * "Lines" are the rows of the left factor and the columns of the right one; "depth" is what is summed over.
 */
export interface Operand {
  readonly side: Side;
  /** The tensor's name in errors and in the shader. */
  readonly name: string;
  readonly input: VectorInput;
  /** What the declarations depend on beside the side, the name and the element type. */
  readonly variant: string;
  /** Uniforms; their names must not be taken by the other operand. */
  readonly integers: Readonly<Record<string, number>>;
  /** The memory runs along the depth: neighbouring invocations load blocks that are neighbours there. */
  readonly alongDepth: boolean;
  /**
   * WGSL that declares two functions, both with the side as suffix. `prepare(line : i32, phase : i32)` is called
   * once, with the first line of the invocation's blocks. `load(line : i32, k : i32, end : i32) -> mat4x4<f32>`
   * gives the block at lines `line … line + 3` and depths `k … k + 3`: a column for each depth, zero from `end` on.
   * What it gives for lines that do not exist is not used.
   */
  readonly declarations: string;
}

/** The four depths of a block. */
export const four = [0, 1, 2, 3] as const;

export interface MatrixOptions {
  readonly side: Side;
  readonly name: string;
  readonly input: VectorInput;
  readonly lines: number;
  readonly depth: number;
  /** Stored as `[lines, depth]`; else as `[depth, lines]`. */
  readonly alongDepth: boolean;
}

/** A matrix that is a tensor as it lies in memory, transposed or not. */
export function matrixOperand({ side, name, input, lines, depth, alongDepth }: MatrixOptions): Operand {
  const { vector } = input;
  const last = `uniforms.lines${side} - 1`;
  let load: string;
  if (alongDepth && vector) {
    const reads = four.map((i) => `${name}[(min(line + ${i}, last) * uniforms.depth${side} + k) >> 2u]`);
    load = `if (k >= end) { return mat4x4<f32>(); }
  let last = ${last};
  return transpose(mat4x4<f32>(${reads.join(', ')}));`;
  } else if (vector) {
    const reads = four.map(
      (q) => `if (k + ${q} < end) { block[${q}] = ${name}[(at + ${q} * uniforms.lines${side}) >> 2u]; }`,
    );
    load = `var block : mat4x4<f32>;
  let at = k * uniforms.lines${side} + min(line, uniforms.lines${side} - 4);
  ${reads.join('\n  ')}
  return block;`;
  } else {
    const at = alongDepth
      ? `min(line + i, last) * uniforms.depth${side} + k + q`
      : `(k + q) * uniforms.lines${side} + min(line + i, last)`;
    load = `var block : mat4x4<f32>;
  let last = ${last};
  for (var q = 0; q < 4 && k + q < end; q++) {
    for (var i = 0; i < 4; i++) { block[q][i] = ${name}[${at}]; }
  }
  return block;`;
  }
  return {
    side,
    name,
    input,
    variant: alongDepth ? 'matrix along' : 'matrix across',
    integers: { [`lines${side}`]: lines, ...(alongDepth ? { [`depth${side}`]: depth } : {}) },
    alongDepth,
    declarations: `
fn prepare${side}(line : i32, phase : i32) {}
fn load${side}(line : i32, k : i32, end : i32) -> mat4x4<f32> {
  ${load}
}`,
  };
}
