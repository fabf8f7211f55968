import type * as tf from '@tensorflow/tfjs-core';
import { four, type Operand } from './operand.ts';
import { vectors } from './program.ts';

/**
 * WGSL of the positions from which windows look at an image: `positionsOf(phase) -> Positions`. Position (i, j)
 * sees, with the tap (r, s), the cell (origin + i · stride + r · step, origin + j · stride + s · step).
 */
export interface WindowPositions {
  readonly variant: string;
  readonly integers: Readonly<Record<string, number>>;
  readonly declarations: () => string;
}

const positionsStruct = `
struct Positions {
  height : i32, width : i32, stride : i32, originY : i32, originX : i32, step : i32, tapsAcross : i32,
}`;

/** The windows of a convolution as they are. */
export function windowPositions(options: {
  readonly height: number;
  readonly width: number;
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
  readonly columns: number;
}): WindowPositions {
  const { height, width, stride, padding, dilation, columns } = options;
  return {
    variant: 'windows',
    integers: {
      positionHeight: height,
      positionWidth: width,
      stride,
      padding,
      dilation,
      filterColumns: columns,
    },
    declarations: () => `${positionsStruct}
fn positionsOf(phase : i32) -> Positions {
  return Positions(
    uniforms.positionHeight, uniforms.positionWidth, uniforms.stride,
    -uniforms.padding, -uniforms.padding, uniforms.dilation, uniforms.filterColumns,
  );
}`,
  };
}

/**
 * The windows of a convolution's input gradient, by phase of the stride: the cells (i · stride + phaseY, …) of the
 * input. Only every `stride`-th tap reaches them, so position (i, j) sees result cells one after the other, backwards,
 * and nothing is multiplied by zero. `tapsOf(phase)` tells the taps of a phase, and the first ones.
 */
export function phasePositions(options: {
  readonly height: number;
  readonly width: number;
  readonly rows: number;
  readonly columns: number;
  readonly stride: number;
  readonly padding: number;
}): WindowPositions {
  const { height, width, rows, columns, stride, padding } = options;
  return {
    variant: 'phases',
    integers: {
      gradientHeight: height,
      gradientWidth: width,
      filterRows: rows,
      filterColumns: columns,
      stride,
      padding,
    },
    declarations: () => `${positionsStruct}
struct Taps { rows : i32, columns : i32, firstRow : i32, firstColumn : i32 }
fn tapsOf(phase : i32) -> Taps {
  let stride = uniforms.stride;
  let firstRow = (phase / stride + uniforms.padding) % stride;
  let firstColumn = (phase % stride + uniforms.padding) % stride;
  return Taps(
    (uniforms.filterRows - firstRow + stride - 1) / stride,
    (uniforms.filterColumns - firstColumn + stride - 1) / stride,
    firstRow,
    firstColumn,
  );
}
fn positionsOf(phase : i32) -> Positions {
  let stride = uniforms.stride;
  let taps = tapsOf(phase);
  let y = phase / stride;
  let x = phase % stride;
  return Positions(
    (uniforms.gradientHeight - y + stride - 1) / stride,
    (uniforms.gradientWidth - x + stride - 1) / stride,
    1,
    (y + uniforms.padding - taps.firstRow) / stride,
    (x + uniforms.padding - taps.firstColumn) / stride,
    -1,
    taps.columns,
  );
}`,
  };
}

/**
 * Patches of images as the left factor, never laid out: a line for each position, (tap row, tap column, channel)
 * as the depth.
 */
export function patchLines(name: string, images: tf.Tensor4D): Operand {
  const [batch, height, width, channels] = images.shape;
  const input = vectors(images);
  const load = () =>
    input.vector
      ? `let tap = quotient(k, ${channels});
  let channel = k - tap * ${channels};
  let tapRow = quotient(tap, tapsAcross);
  let cellY = patchY + tapRow * patchStep;
  let cellX = patchX + (tap - tapRow * tapsAcross) * patchStep;
  let inside = insideImage(cellY, cellX);
  let at = (patchImage + cellY * uniforms.imageWidth + cellX) * ${channels} + channel;
  ${four.map((i) => `if (inside[${i}]) { block[${i}] = ${name}[at[${i}] >> 2u]; }`).join('\n  ')}
  return transpose(block);`
      : `${four
          .map(
            (q) => `if (k + ${q} < end) {
    let tap = quotient(k + ${q}, ${channels});
    let channel = k + ${q} - tap * ${channels};
    let tapRow = quotient(tap, tapsAcross);
    let cellY = patchY + tapRow * patchStep;
    let cellX = patchX + (tap - tapRow * tapsAcross) * patchStep;
    let inside = insideImage(cellY, cellX);
    let at = (patchImage + cellY * uniforms.imageWidth + cellX) * ${channels} + channel;
    ${four.map((i) => `if (inside[${i}]) { block[${q}][${i}] = ${name}[at[${i}]]; }`).join('\n    ')}
  }`,
          )
          .join('\n  ')}
  return block;`;
  return {
    side: 'A',
    name,
    input,
    variant: `patch lines ${channels}`,
    integers: { images: batch, imageHeight: height, imageWidth: width },
    alongDepth: true,
    declarations: () => `
var<private> patchY : vec4<i32>;
var<private> patchX : vec4<i32>;
var<private> patchImage : vec4<i32>;
var<private> patchStep : i32;
var<private> tapsAcross : i32;
fn insideImage(y : vec4<i32>, x : vec4<i32>) -> vec4<bool> {
  return (vec4<u32>(y) < vec4<u32>(u32(uniforms.imageHeight))) & (vec4<u32>(x) < vec4<u32>(u32(uniforms.imageWidth)));
}
fn prepareA(line : i32, phase : i32) {
  let positions = positionsOf(phase);
  let area = positions.height * positions.width;
  patchStep = positions.step;
  tapsAcross = positions.tapsAcross;
  let last = vec4<i32>(max(0, uniforms.images * area - 1));
  let position = min(line + vec4<i32>(0, 1, 2, 3), last);
  let image = quotients(position, area);
  let cell = position - image * area;
  let row = quotients(cell, positions.width);
  patchY = positions.originY + row * positions.stride;
  patchX = positions.originX + (cell - row * positions.width) * positions.stride;
  patchImage = image * uniforms.imageHeight * uniforms.imageWidth;
}
fn loadA(line : i32, k : i32, end : i32) -> mat4x4<f32> {
  var block : mat4x4<f32>;
  if (k >= end) { return block; }
  ${load()}
}`,
  };
}

/**
 * Patches of images as the left factor, turned: a line for each (tap row, tap column, channel), positions as the
 * depth. Undilated.
 */
export function patchColumns(name: string, images: tf.Tensor4D, rows: number, columns: number): Operand {
  const [, height, width, channels] = images.shape;
  const input = vectors(images);
  // Written out: a block that is indexed by a variable might not stay in registers.
  const walk = (read: (q: number) => string) => `
  let area = uniforms.positionHeight * uniforms.positionWidth;
  var image = quotient(k, area);
  var row = quotient(k - image * area, uniforms.positionWidth);
  var column = k - image * area - row * uniforms.positionWidth;
  ${four
    .map(
      (q) => `if (k + ${q} < end) {
    let cell = vec2<i32>(row, column) * uniforms.stride - uniforms.padding;
    ${read(q)}
  }`,
    )
    .join(`
  column++;
  if (column == uniforms.positionWidth) { column = 0; row++; }
  if (row == uniforms.positionHeight) { row = 0; image++; }
  `)}
  return block;`;
  const address = (tap: string, channel: string) =>
    `((image * uniforms.imageHeight + cell.x + ${tap}Row) * uniforms.imageWidth + cell.y + ${tap}Column) * uniforms.channels + ${channel}`;
  const vectorText = () => `
var<private> tapRow : i32;
var<private> tapColumn : i32;
var<private> tapChannel : i32;
fn prepareA(line : i32, phase : i32) {
  let tap = quotient(min(line, uniforms.lastTap), uniforms.channels);
  tapRow = quotient(tap, uniforms.filterColumns);
  tapColumn = tap - tapRow * uniforms.filterColumns;
  tapChannel = min(line, uniforms.lastTap) - tap * uniforms.channels;
}
fn loadA(line : i32, k : i32, end : i32) -> mat4x4<f32> {
  var block : mat4x4<f32>;
  ${walk(
    (q) => `if (insideImage(cell.x + tapRow, cell.y + tapColumn)) {
      block[${q}] = ${name}[(${address('tap', 'tapChannel')}) >> 2u];
    }`,
  )}
}`;
  const scalarText = () => `
var<private> tapRow : vec4<i32>;
var<private> tapColumn : vec4<i32>;
var<private> tapChannel : vec4<i32>;
fn prepareA(line : i32, phase : i32) {
  let lines = min(line + vec4<i32>(0, 1, 2, 3), vec4<i32>(uniforms.lastTap));
  let tap = lines / uniforms.channels;
  tapRow = tap / uniforms.filterColumns;
  tapColumn = tap - tapRow * uniforms.filterColumns;
  tapChannel = lines - tap * uniforms.channels;
}
fn loadA(line : i32, k : i32, end : i32) -> mat4x4<f32> {
  var block : mat4x4<f32>;
  ${walk((q) =>
    four
      .map(
        (i) => `if (insideImage(cell.x + tapRow[${i}], cell.y + tapColumn[${i}])) {
      block[${q}][${i}] = ${name}[((image * uniforms.imageHeight + cell.x + tapRow[${i}]) * uniforms.imageWidth + cell.y + tapColumn[${i}]) * uniforms.channels + tapChannel[${i}]];
    }`,
      )
      .join('\n    '),
  )}
}`;
  return {
    side: 'A',
    name,
    input,
    variant: 'patch columns',
    integers: {
      imageHeight: height,
      imageWidth: width,
      channels,
      filterColumns: columns,
      lastTap: rows * columns * channels - 1,
    },
    alongDepth: false,
    declarations: () => `
fn insideImage(y : i32, x : i32) -> bool {
  return u32(y) < u32(uniforms.imageHeight) && u32(x) < u32(uniforms.imageWidth);
}
${input.vector ? vectorText() : scalarText()}`,
  };
}

/**
 * A filter as the right factor of the input gradient: a line for each input channel, (tap row, tap column, output
 * channel) as the depth, of the taps of a phase.
 */
export function phaseFilter(name: string, filter: tf.Tensor4D): Operand {
  const [, columns, inputs, outputs] = filter.shape;
  const input = vectors(filter);
  const tapAt = (k: string) => `let tap = quotient(${k}, ${outputs});
    let output = ${k} - tap * ${outputs};
    let row = quotient(tap, phaseTaps.columns);
    let tapRow = phaseTaps.firstRow + row * uniforms.stride;
    let tapColumn = phaseTaps.firstColumn + (tap - row * phaseTaps.columns) * uniforms.stride;
    let filterAt = (tapRow * uniforms.filterColumns + tapColumn) * uniforms.filterInputs;`;
  const load = () =>
    input.vector
      ? `if (k >= end) { return mat4x4<f32>(); }
    ${tapAt('k')}
    return transpose(mat4x4<f32>(${four
      .map(
        (i) =>
          `${name}[((filterAt + min(line + ${i}, uniforms.filterInputs - 1)) * ${outputs} + output) >> 2u]`,
      )
      .join(', ')}));`
      : `var block : mat4x4<f32>;
  for (var q = 0; q < 4 && k + q < end; q++) {
    ${tapAt('(k + q)')}
    for (var i = 0; i < 4; i++) {
      block[q][i] = ${name}[(filterAt + min(line + i, uniforms.filterInputs - 1)) * ${outputs} + output];
    }
  }
  return block;`;
  return {
    side: 'B',
    name,
    input,
    variant: `phase filter ${outputs}`,
    integers: { filterColumns: columns, filterInputs: inputs },
    alongDepth: true,
    declarations: () => `
var<private> phaseTaps : Taps;
fn prepareB(line : i32, phase : i32) { phaseTaps = tapsOf(phase); }
fn loadB(line : i32, k : i32, end : i32) -> mat4x4<f32> {
  ${load()}
}`,
  };
}
