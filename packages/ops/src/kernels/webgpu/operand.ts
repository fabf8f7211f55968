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
  readonly declarations: () => string;
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
  /** Each phase has a matrix of its own, one behind the other; else all share one. */
  readonly batched?: boolean;
}

/** A matrix that is a tensor as it lies in memory, transposed or not. */
export function matrixOperand(options: MatrixOptions): Operand {
  const { side, name, input, lines, depth, alongDepth, batched = false } = options;
  return {
    side,
    name,
    input,
    variant: `matrix ${alongDepth ? 'along' : 'across'}${batched ? ' batched' : ''}`,
    integers: {
      [`lines${side}`]: lines,
      ...(alongDepth ? { [`depth${side}`]: depth } : {}),
      ...(batched ? { [`size${side}`]: lines * depth } : {}),
    },
    alongDepth,
    declarations: () => {
      const load = alongDepth ? loadAlong : loadAcross;
      const first = batched ? `first${side} + ` : '';
      return `
${batched ? `var<private> first${side} : i32;` : ''}
fn prepare${side}(line : i32, phase : i32) {${batched ? ` first${side} = phase * uniforms.size${side}; ` : ''}}
fn load${side}(line : i32, k : i32, end : i32) -> mat4x4<f32> {
  ${load(side, name, input.vector, first)}
}`;
    },
  };
}

/** A matrix `[lines, depth]`. Lines behind the last are the last again. */
function loadAlong(side: Side, name: string, vector: boolean, first: string): string {
  const at = (i: string | number) => `${first}min(line + ${i}, last) * uniforms.depth${side} + k`;
  if (!vector) return loadSingly(side, name, `${at('i')} + q`);
  const reads = four.map((i) => `${name}[(${at(i)}) >> 2u]`);
  return `if (k >= end) { return mat4x4<f32>(); }
  let last = uniforms.lines${side} - 1;
  return transpose(mat4x4<f32>(${reads.join(', ')}));`;
}

/** A matrix `[depth, lines]`. */
function loadAcross(side: Side, name: string, vector: boolean, first: string): string {
  const lines = `uniforms.lines${side}`;
  if (!vector) return loadSingly(side, name, `${first}(k + q) * ${lines} + min(line + i, last)`);
  const reads = four.map(
    (q) => `if (k + ${q} < end) { block[${q}] = ${name}[(at + ${q} * ${lines}) >> 2u]; }`,
  );
  return `var block : mat4x4<f32>;
  let at = ${first}k * ${lines} + min(line, ${lines} - 4);
  ${reads.join('\n  ')}
  return block;`;
}

function loadSingly(side: Side, name: string, at: string): string {
  return `var block : mat4x4<f32>;
  let last = uniforms.lines${side} - 1;
  for (var q = 0; q < 4 && k + q < end; q++) {
    for (var i = 0; i < 4; i++) { block[q][i] = ${name}[${at}]; }
  }
  return block;`;
}
