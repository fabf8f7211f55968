import * as tf from '@tensorflow/tfjs-core';
import type { Kernels } from '../types.ts';
import { allocate, views } from './heap.ts';
import { transposeInto } from './matrices.ts';
import { positionsSeen } from './positions-seen.ts';
import { squareWindow, type WasmWindow } from './window.ts';

/** Output positions per matrix product: as many as keep XNNPACK's packed operand in the cache. */
const positionsPerProduct = 1024;

/**
 * The filter gradient as matrix products: columnsᵀ · dy, where row (tap, channel) of columnsᵀ holds what this tap
 * of the filter sees at every output position. Summed over chunks of output rows, so that the columns of a large
 * feature map never exist at once.
 */
export function filterGradient(x: tf.Tensor4D, dy: tf.Tensor4D, window: WasmWindow): tf.Tensor4D {
  return tf.tidy(() => {
    const { rows, columns } = window;
    const inputs = x.shape[3];
    const [batch, outHeight, outWidth, outputs] = dy.shape;
    const lines = batch * outHeight;
    const planes = planesOf(x);
    // An odd number: with rows of 4096 bytes, writing down the columns would hit the same few cache sets.
    const linesPerProduct = Math.max(1, Math.floor(positionsPerProduct / outWidth) - 1) | 1;
    const result = allocate<tf.Rank.R4>([rows, columns, inputs, outputs]);
    for (let line = 0; line < lines; line += linesPerProduct) {
      const count = Math.min(linesPerProduct, lines - line);
      tf.tidy(() => {
        const seen = allocate<tf.Rank.R2>([rows * columns * inputs, count * outWidth]);
        const gradients = linesOf(dy, line, count);
        gatherTaps(planes, x.shape, seen, dy.shape, line, count, window);
        accumulate(tf.matMul(seen, gradients), result, line === 0);
      });
    }
    return result;
  });
}

/** `filterGradient` as the table has it. */
export const convolutionFilterGradient: Kernels['convolutionFilterGradient'] = (
  x,
  dy,
  [rows, columns],
  geometry,
) => filterGradient(x, dy, squareWindow(rows, columns, geometry));

/** Fills `seen` `[taps · channels, positions]` for `count` output rows from `line` on, over the batch. */
function gatherTaps(
  planes: tf.Tensor2D,
  shape: readonly number[],
  seen: tf.Tensor2D,
  outShape: readonly number[],
  line: number,
  count: number,
  window: WasmWindow,
): void {
  const [channels, size] = planes.shape;
  const [source, target] = views(planes, seen);
  let to = 0;
  for (let r = 0; r < window.rows; r++) {
    for (let s = 0; s < window.columns; s++) {
      const positions = positionsSeen(shape, outShape, window, [r, s], line, count);
      for (let c = 0; c < channels; c++) {
        const plane = c * size;
        for (let i = 0; i < positions.length; i++, to++) {
          target[to] = source[plane + (positions[i] as number)] as number;
        }
      }
    }
  }
}

/** The channels one after the other, each with a 0 behind it for what lies in the padding: `[channels, cells + 1]`. */
function planesOf(x: tf.Tensor4D): tf.Tensor2D {
  const [batch, height, width, channels] = x.shape;
  const cells = batch * height * width;
  const planes = allocate<tf.Rank.R2>([channels, cells + 1]);
  const [source, target] = views(x, planes);
  transposeInto(source, 0, target, 0, cells, channels, cells + 1);
  for (let c = 1; c <= channels; c++) target[c * (cells + 1) - 1] = 0;
  return planes;
}

/** Output rows as a matrix. (The stock slice copies all of its input.) */
function linesOf(dy: tf.Tensor4D, line: number, count: number): tf.Tensor2D {
  const [, , width, channels] = dy.shape;
  const result = allocate<tf.Rank.R2>([count * width, channels]);
  const [source, target] = views(dy, result);
  const start = line * width * channels;
  target.set(source.subarray(start, start + target.length));
  return result;
}

function accumulate(part: tf.Tensor2D, sum: tf.Tensor4D, first: boolean): void {
  const [from, to] = views(part, sum);
  if (first) to.set(from);
  else for (let i = 0; i < to.length; i++) to[i] = (to[i] as number) + (from[i] as number);
}
