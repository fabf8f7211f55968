import * as tf from '@tensorflow/tfjs-core';
import type { Kernels } from '../types.ts';
import { allocate, views } from './heap.ts';
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
    // An odd number: with rows of 4096 bytes, writing down the columns would hit the same few cache sets.
    const linesPerProduct = Math.max(1, Math.floor(positionsPerProduct / outWidth) - 1) | 1;
    const result = allocate<tf.Rank.R4>([rows, columns, inputs, outputs]);
    for (let line = 0; line < lines; line += linesPerProduct) {
      const count = Math.min(linesPerProduct, lines - line);
      tf.tidy(() => {
        const seen = allocate<tf.Rank.R2>([rows * columns * inputs, count * outWidth]);
        const gradients = linesOf(dy, line, count);
        gatherTaps(x, seen, line, count, outHeight, outWidth, window);
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

/** Fills `seen` `[taps · channels, lines · outWidth]` for `count` output rows from `line` on, over the batch. */
function gatherTaps(
  x: tf.Tensor4D,
  seen: tf.Tensor2D,
  line: number,
  count: number,
  outHeight: number,
  outWidth: number,
  { rows, columns, strideHeight, strideWidth, top, left }: WasmWindow,
): void {
  const [, height, width, channels] = x.shape;
  const [source, target] = views(x, seen);
  const positions = count * outWidth;
  const step = strideWidth * channels;
  for (let l = 0; l < count; l++) {
    const image = Math.floor((line + l) / outHeight);
    const start = ((line + l) % outHeight) * strideHeight - top;
    for (let r = 0; r < rows; r++) {
      const y = start + r;
      const inside = y >= 0 && y < height;
      for (let s = 0; s < columns; s++) {
        // The output columns first … end − 1 look at a column of the image, the others at padding.
        const offset = s - left;
        const first = inside ? Math.min(outWidth, Math.max(0, Math.ceil(-offset / strideWidth))) : outWidth;
        const last = Math.min(outWidth, Math.ceil((width - offset) / strideWidth));
        const end = inside ? Math.max(first, last) : outWidth;
        const base = ((image * height + y) * width + offset) * channels;
        let to = (r * columns + s) * channels * positions + l * outWidth;
        for (let c = 0; c < channels; c++, to += positions) {
          for (let j = 0; j < first; j++) target[to + j] = 0;
          let from = base + c + first * step;
          for (let j = first; j < end; j++, from += step) target[to + j] = source[from] as number;
          for (let j = end; j < outWidth; j++) target[to + j] = 0;
        }
      }
    }
  }
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
