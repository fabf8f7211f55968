import { four, type Operand, type Side } from './operand.ts';
import type { ShaderText } from './program.ts';

/** A square tile of the product that one workgroup computes. */
export interface Tile {
  readonly size: 64 | 128;
  /** Columns of the product that one invocation computes, of 8 rows. */
  readonly columns: 4 | 8;
}

/** Depths that are in workgroup memory at a time. */
export const tileDepth = 16;

/** One block of 4 × 4 numbers of either operand for each invocation: 16 · size / 16 of each. */
export function invocationsOf({ size }: Tile): number {
  return 2 * size;
}

/** What differs between shaders that multiply tiles in workgroup memory. */
export interface TileMultiplier {
  /** WGSL of workgroup arrays for both tiles, and of what else it needs. */
  readonly declarations: string;
  /** Statements that put number `[line, depth]` of each `block` into the tile of a side, `line` and `depth` its first. */
  put(side: Side): string;
  /** Statements before the first tiles, between two barriers for each pair of tiles, and after the last. */
  readonly begin: string;
  readonly multiply: string;
  readonly end: string;
}

/**
 * The shader of a product, tile by tile, with both operands' tiles in workgroup memory. Each invocation holds a
 * block of the next tiles in registers while it multiplies, so that memory and arithmetic overlap.
 *
 * `declarations` has to have `depthOf(phase : i32) -> i32` and
 * `store(row : i32, column : i32, phase : i32, split : i32, value : vec4<f32>)`, which guards edges.
 */
export function tiledShader(
  { size }: Tile,
  left: Operand,
  right: Operand,
  declarations: string,
  multiplier: TileMultiplier,
): ShaderText {
  const width = size / 4;
  const step = (operand: Operand) => {
    const { side, alongDepth } = operand;
    return alongDepth
      ? `line = (block${side} >> 2u) * 4; depth = (block${side} & 3) * 4;`
      : `line = (block${side} % ${width}) * 4; depth = (block${side} / ${width}) * 4;`;
  };
  return {
    declarations: `
${multiplier.declarations}
fn quotient(a : i32, b : i32) -> i32 { return i32(u32(a) / u32(b)); }
fn quotients(a : vec4<i32>, b : i32) -> vec4<i32> { return vec4<i32>(vec4<u32>(a) / vec4<u32>(u32(b))); }
${declarations}
${left.declarations()}
${right.declarations()}`,
    body: `
  let phase = workgroup.z / uniforms.splits;
  let split = workgroup.z % uniforms.splits;
  let stripe = workgroup.x / uniforms.columnTiles;
  let firstRow = (workgroup.y * uniforms.stripes + stripe) * ${size};
  let firstColumn = (workgroup.x - stripe * uniforms.columnTiles) * ${size};
  let begin = split * uniforms.splitDepth;
  let end = min(depthOf(phase), begin + uniforms.splitDepth);
  let loadsA = lane < ${size};
  let blockA = lane;
  let blockB = lane - ${size};
  var line : i32;
  var depth : i32;
  var block : mat4x4<f32>;
  if (loadsA) {
    ${step(left)}
    prepareA(firstRow + line, phase);
    block = loadA(firstRow + line, begin + depth, end);
  } else {
    ${step(right)}
    prepareB(firstColumn + line, phase);
    block = loadB(firstColumn + line, begin + depth, end);
  }
  ${multiplier.begin}
  for (var k = begin; k < end; k += ${tileDepth}) {
    workgroupBarrier();
    if (loadsA) { ${multiplier.put('A')} } else { ${multiplier.put('B')} }
    workgroupBarrier();
    if (k + ${tileDepth} < end) {
      if (loadsA) { block = loadA(firstRow + line, k + ${tileDepth} + depth, end); }
      else { block = loadB(firstColumn + line, k + ${tileDepth} + depth, end); }
    }
    ${multiplier.multiply}
  }
  ${multiplier.end}`,
  };
}

/**
 * Multiplies in registers: each invocation has 8 rows and the tile's columns of it.
 *
 * Tiles lie in memory as [depth][line]. Blocks whose memory runs along the depth are transposed on their way, and a
 * line's place is exclusive-ored with its depth: else the stores of such blocks all fall into the same few banks.
 */
export function registerMultiplier({ size, columns }: Tile): TileMultiplier {
  const width = size / 4;
  const rowGroups = [0, 1];
  const columnGroups = columns === 8 ? [0, 1] : [0];
  const across = size / columns;
  const rows = [0, 1, 2, 3, 4, 5, 6, 7];
  const sum = (row: number, group: number) => `sum${row}${group}`;
  const sums = rows.flatMap((row) => columnGroups.map((group) => sum(row, group)));
  const place = (line: string, depth: string) =>
    `${depth} * ${width} + (${line} ^ (((${depth} >> 2u) & 3) << 1u))`;
  return {
    declarations: `
var<workgroup> tileA : array<vec4<f32>, ${tileDepth * width}>;
var<workgroup> tileB : array<vec4<f32>, ${tileDepth * width}>;`,
    put: (side) =>
      four.map((q) => `tile${side}[${place('(line >> 2u)', `(depth + ${q})`)}] = block[${q}];`).join(' '),
    begin: `
  let row = lane / ${across};
  let column = lane % ${across};
  ${sums.map((name) => `var ${name} = vec4<f32>();`).join('\n  ')}`,
    multiply: `
    ${sums.map((name) => `var part_${name} = vec4<f32>();`).join(' ')}
    for (var q = 0; q < ${tileDepth}; q++) {
      let turn = (q >> 2u) << 1u;
      ${rowGroups.map((g) => `let a${g} = tileA[q * ${width} + ((row + ${(g * width) / 2}) ^ turn)];`).join('\n      ')}
      ${columnGroups.map((g) => `let b${g} = tileB[q * ${width} + ((column + ${g * across}) ^ turn)];`).join('\n      ')}
      ${rows
        .flatMap((i) =>
          columnGroups.map(
            (g) => `part_${sum(i, g)} = fma(vec4<f32>(a${i >> 2}[${i & 3}]), b${g}, part_${sum(i, g)});`,
          ),
        )
        .join('\n      ')}
    }
    ${sums.map((name) => `${name} += part_${name};`).join(' ')}`,
    end: rows
      .flatMap((i) =>
        columnGroups.map(
          (g) =>
            `store(firstRow + row * 4 + ${(i >> 2) * (size / 2) + (i & 3)}, ` +
            `firstColumn + column * 4 + ${g * across * 4}, phase, split, ${sum(i, g)});`,
        ),
      )
      .join('\n  '),
  };
}
