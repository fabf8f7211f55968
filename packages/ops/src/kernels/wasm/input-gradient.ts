import * as tf from '@tensorflow/tfjs-core';
import type { Kernels, WindowGeometry } from '../types.ts';
import { allocate, views } from './heap.ts';
import { matMul, transposeInto } from './matrices.ts';
import { positionsSeen } from './positions-seen.ts';
import { squareWindow } from './window.ts';

/**
 * The input gradient as plain convolutions of `dy`, one for each phase of the stride: the input rows
 * q · stride + phase − padding only meet the taps phase, phase + stride, … of the filter, turned round.
 * No multiplication by inserted zeros, and all arithmetic in XNNPACK (the stock kernel is ten times slower).
 */
export const convolutionInputGradient: Kernels['convolutionInputGradient'] = (
  dy,
  filter,
  inputShape,
  { stride, padding },
) =>
  tf.tidy(() => {
    const [batch, height, width, channels] = inputShape;
    const [rows, columns, , outputs] = filter.shape;
    const [, outHeight, outWidth] = dy.shape;
    if (batch * outHeight * outWidth <= outputs) {
      return gradientByColumns(dy, filter, inputShape, { stride, padding });
    }
    const rowPhases = phases(height, rows, outHeight, stride, padding);
    const columnPhases = phases(width, columns, outWidth, stride, padding);
    const phasePart = (row: Phase, column: Phase) => {
      const skips = row.skipStart + row.skipEnd + column.skipStart + column.skipEnd > 0;
      const met = skips
        ? tf.slice4d(
            dy,
            [0, row.skipStart, column.skipStart, 0],
            [
              batch,
              outHeight - row.skipStart - row.skipEnd,
              outWidth - column.skipStart - column.skipEnd,
              -1,
            ],
          )
        : dy;
      const pad: [[number, number], [number, number], [number, number], [number, number]] = [
        [0, 0],
        [row.padStart, row.padEnd],
        [column.padStart, column.padEnd],
        [0, 0],
      ];
      return tf.conv2d(met, turnedFilter(filter, row, column, stride), 1, pad);
    };
    const [onlyRow, onlyColumn] = [rowPhases[0], columnPhases[0]];
    if (stride === 1 && onlyRow && onlyColumn) return phasePart(onlyRow, onlyColumn);

    const result = allocate<tf.Rank.R4>([batch, height, width, channels]);
    // Phases without taps leave holes.
    views(result)[0].fill(0);
    for (const row of rowPhases) {
      for (const column of columnPhases) {
        tf.tidy(() => interleave(phasePart(row, column), result, row.first, column.first, stride));
      }
    }
    return result;
  });

/**
 * For deep layers, whose filter is larger than what it sees: one matrix product, filter · dyᵀ, gives what each tap
 * hands back, `[taps · channels, positions]`. The filter, which a convolution would have to turn round and repack,
 * stays as it is.
 */
function gradientByColumns(
  dy: tf.Tensor4D,
  filter: tf.Tensor4D,
  inputShape: readonly [number, number, number, number],
  geometry: WindowGeometry,
): tf.Tensor4D {
  const [rows, columns, channels, outputs] = filter.shape;
  const [batch, outHeight, outWidth] = dy.shape;
  const cells = batch * inputShape[1] * inputShape[2];
  const window = squareWindow(rows, columns, geometry);
  const taps = tf.reshape<tf.Rank.R2>(filter, [rows * columns * channels, outputs]);
  const gradients = tf.reshape<tf.Rank.R2>(dy, [batch * outHeight * outWidth, outputs]);
  const handedBack = matMul(taps, gradients, false, true);
  const result = allocate<tf.Rank.R4>([...inputShape]);
  const [source, target] = views(handedBack, result);
  // Channels one after the other, each with a place behind it for what falls into the padding.
  const planes = new Float32Array(channels * (cells + 1));
  let from = 0;
  for (let r = 0; r < rows; r++) {
    for (let s = 0; s < columns; s++) {
      const positions = positionsSeen(inputShape, dy.shape, window, [r, s], 0, batch * outHeight);
      for (let c = 0; c < channels; c++) {
        const plane = c * (cells + 1);
        for (let i = 0; i < positions.length; i++, from++) {
          const to = plane + (positions[i] as number);
          planes[to] = (planes[to] as number) + (source[from] as number);
        }
      }
    }
  }
  for (let c = 0; c < channels; c++) {
    for (let cell = 0; cell < cells; cell++) {
      target[cell * channels + c] = planes[c * (cells + 1) + cell] as number;
    }
  }
  return result;
}

/** Along one axis: the input positions first, first + stride, …, and the convolution that computes them. */
interface Phase {
  readonly first: number;
  /** The first tap, and the number of taps, `stride` apart. */
  readonly tap: number;
  readonly taps: number;
  readonly padStart: number;
  readonly padEnd: number;
  /** Gradients at either end that no position of the phase meets. */
  readonly skipStart: number;
  readonly skipEnd: number;
}

function phases(size: number, filterSize: number, outSize: number, stride: number, padding: number): Phase[] {
  const found: Phase[] = [];
  for (let tap = 0; tap < Math.min(stride, filterSize); tap++) {
    const taps = Math.ceil((filterSize - tap) / stride);
    // Position p = q · stride + tap − padding meets the outputs q − taps + 1 … q.
    const q = Math.max(0, Math.ceil((padding - tap) / stride));
    const first = q * stride + tap - padding;
    const count = Math.ceil((size - first) / stride);
    if (count <= 0) continue;
    const before = taps - 1 - q;
    const after = q + count - outSize;
    const phase = {
      first,
      tap,
      taps,
      padStart: Math.max(0, before),
      padEnd: Math.max(0, after),
      skipStart: Math.max(0, -before),
      skipEnd: Math.max(0, -after),
    };
    if (outSize > phase.skipStart + phase.skipEnd) found.push(phase);
  }
  return found;
}

/** The taps of the phases, in reverse order, from outputs to inputs: `[taps, taps, out, in]`. */
function turnedFilter(filter: tf.Tensor4D, row: Phase, column: Phase, stride: number): tf.Tensor4D {
  const [, columns, inputs, outputs] = filter.shape;
  const turned = allocate<tf.Rank.R4>([row.taps, column.taps, outputs, inputs]);
  const [source, target] = views(filter, turned);
  for (let r = 0; r < row.taps; r++) {
    for (let s = 0; s < column.taps; s++) {
      const fromRow = row.tap + stride * (row.taps - 1 - r);
      const fromColumn = column.tap + stride * (column.taps - 1 - s);
      const size = inputs * outputs;
      transposeInto(
        source,
        (fromRow * columns + fromColumn) * size,
        target,
        (r * column.taps + s) * size,
        inputs,
        outputs,
      );
    }
  }
  return turned;
}

/** Writes `part` to every `stride`-th row and column of `result`. */
function interleave(part: tf.Tensor4D, result: tf.Tensor4D, top: number, left: number, stride: number): void {
  const [batch, height, width, channels] = result.shape;
  const [, partHeight, partWidth] = part.shape;
  const [source, target] = views(part, result);
  let from = 0;
  for (let b = 0; b < batch; b++) {
    for (let i = 0; i < partHeight; i++) {
      for (let j = 0; j < partWidth; j++) {
        const to = ((b * height + top + i * stride) * width + left + j * stride) * channels;
        for (let c = 0; c < channels; c++, from++) target[to + c] = source[from] as number;
      }
    }
  }
}
