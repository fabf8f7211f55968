import * as tf from '@tensorflow/tfjs-core';
import type { Kernels } from '../types.ts';
import { allocate, allocateLike, views } from './heap.ts';
import { bitsOf, keepWherePositive } from './keep-where-positive.ts';

// The loops of this folder index typed arrays by construction within their bounds; `as number` says so.

/**
 * Copies a row-major matrix at `from` into its transpose at `to`, whose rows begin `pitch` apart: a band of rows at a
 * time, which stays in the cache while its columns are written down.
 */
export function transposeInto(
  source: Float32Array,
  from: number,
  target: Float32Array,
  to: number,
  rows: number,
  columns: number,
  pitch = rows,
): void {
  const band = 32;
  for (let first = 0; first < rows; first += band) {
    const last = Math.min(first + band, rows);
    for (let c = 0; c < columns; c++) {
      const end = to + c * pitch + last;
      let read = from + first * columns + c;
      for (let write = to + c * pitch + first; write < end; write++, read += columns) {
        target[write] = source[read] as number;
      }
    }
  }
}

/** The transposed matrix. */
function transpose(x: tf.Tensor2D): tf.Tensor2D {
  const [rows, columns] = x.shape;
  const result = allocate<tf.Rank.R2>([columns, rows]);
  const [source, target] = views(x, result);
  transposeInto(source, 0, target, 0, rows, columns);
  return result;
}

/**
 * Matrix product. The stock kernel is fast only where nothing is transposed, so transposes are made first: of a long
 * second operand rather those of the first and of the result, as a · bᵀ = (b · aᵀ)ᵀ.
 */
export const matMul: Kernels['matMul'] = (a, b, transposeA = false, transposeB = false) =>
  tf.tidy(() => {
    const left = transposeA ? transpose(a) : a;
    if (!transposeB) return tf.matMul(left, b);
    const rows = left.shape[0];
    const [columns, depth] = b.shape;
    // Where a itself was to be transposed, its transpose is there already.
    const turned = rows * (columns + (transposeA ? 0 : depth));
    if (turned >= columns * depth) return tf.matMul(left, transpose(b));
    return transpose(tf.matMul(b, transposeA ? a : transpose(a)));
  });

/** Sums over the rows of a `[rows, columns]` matrix, in double precision. */
export const columnSum: Kernels['columnSum'] = (x) => {
  const [rows, columns] = x.shape;
  const result = allocate<tf.Rank.R1>([columns]);
  const [source, target] = views(x, result);
  const sums = new Float64Array(columns);
  addRows(source, 0, rows, sums);
  target.set(sums);
  return result;
};

/** Means over the cells of `[b, cells, c]`, in double precision. */
export const cellMean: Kernels['cellMean'] = (x) => {
  const [batch, cells, channels] = x.shape;
  const result = allocate<tf.Rank.R2>([batch, channels]);
  const [source, target] = views(x, result);
  const sums = new Float64Array(channels);
  for (let b = 0; b < batch; b++) {
    sums.fill(0);
    addRows(source, b * cells * channels, cells, sums);
    for (let c = 0; c < channels; c++) target[b * channels + c] = (sums[c] as number) / cells;
  }
  return result;
};

function addRows(source: Float32Array, from: number, rows: number, sums: Float64Array): void {
  const columns = sums.length;
  let at = from;
  for (let row = 0; row < rows; row++) {
    for (let c = 0; c < columns; c++, at++) sums[c] = (sums[c] as number) + (source[at] as number);
  }
}

/** max(x, 0) by its bits, without a branch. NaN stays: XNNPACK's ReLU takes one for 0 where its sign bit is set. */
export const relu: Kernels['relu'] = <T extends tf.Tensor>(x: T): T => {
  if (x.dtype !== 'float32') return tf.relu(x);
  const result = allocateLike(x, x.shape) as T;
  const [from, to] = views(x, result).map(bitsOf) as [Int32Array, Int32Array];
  for (let i = 0; i < to.length; i++) {
    const bits = from[i] as number;
    // All ones for a NaN, whose bits without the sign are greater than those of infinity.
    const missing = (0x7f800000 - (bits & 0x7fffffff)) >> 31;
    to[i] = bits & (~(bits >> 31) | missing);
  }
  return result;
};

/** `dy` where `y > 0`, else 0. */
export const reluGradient: Kernels['reluGradient'] = <T extends tf.Tensor>(dy: T, y: T): T => {
  const result = allocate(dy.shape as [number]) as unknown as T;
  const [from, mask, target] = views(dy, y, result);
  keepWherePositive(from, mask, target);
  return result;
};
