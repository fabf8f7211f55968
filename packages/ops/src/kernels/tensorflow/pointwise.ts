import * as tf from '@tensorflow/tfjs-core';
import { multiply } from './multiply.ts';

// Convolutions with a 1×1 filter, as the matrix products that they are.
//
// oneDNN's planner of 1×1 convolutions divides by zero for wide layers on processors that it does not know (TensorFlow
// 2.21 on AMD's Zen 5: the process ends by SIGFPE), and its filter gradient of few channels writes outside its buffer
// where a stride leaves cells over. Its matrix products do neither, and are about as fast as these plans, faster in deep
// layers (docs/decisions/0012-single-cells-are-products.md). So no 1×1 convolution is planned here, forward
// or for a gradient.

type Shape4 = readonly [number, number, number, number];

/** Which cells a 1×1 filter reads. */
export interface PointwiseWindow {
  readonly rowStride: number;
  readonly columnStride: number;
  /** Rows and columns of zeros around the images. */
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/** True for filters that read single cells. */
export function isPointwise([rows, columns]: readonly number[]): boolean {
  return rows === 1 && columns === 1;
}

/** `[batch, rows, columns, out]` */
export function pointwiseConvolution(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  window: PointwiseWindow,
): tf.Tensor4D {
  return tf.tidy(() => {
    const { cells, grid } = cellsRead(x, window);
    return tf.reshape<tf.Rank.R4>(multiply(cells, matrixOf(filter)), [...grid, filter.shape[3]]);
  });
}

/** The gradient to images of `inputShape`. */
export function pointwiseInputGradient(
  dy: tf.Tensor4D,
  filter: tf.Tensor4D,
  inputShape: Shape4,
  window: PointwiseWindow,
): tf.Tensor4D {
  return tf.tidy(() => {
    const [batch, rows, columns, outputs] = dy.shape;
    const cells = tf.reshape<tf.Rank.R2>(dy, [batch * rows * columns, outputs]);
    const products = multiply(cells, matrixOf(filter), false, true);
    const { top, bottom, left, right } = window;
    const spread = spreadCells(tf.reshape(products, [batch, rows, columns, inputShape[3]]), window);
    // What a stride leaves over at the far edge is zero, and may reach beyond it.
    const padded = padTo(spread, top + inputShape[1] + bottom, left + inputShape[2] + right);
    if (tf.util.arraysEqual(padded.shape, [...inputShape])) return padded;
    return tf.slice4d(padded, [0, top, left, 0], [...inputShape]);
  });
}

/** The gradient to the filter, `[1, 1, in, out]`. */
export function pointwiseFilterGradient(
  x: tf.Tensor4D,
  dy: tf.Tensor4D,
  window: PointwiseWindow,
): tf.Tensor4D {
  return tf.tidy(() => {
    const { cells } = cellsRead(x, window);
    const [inputs, outputs] = [x.shape[3], dy.shape[3]];
    const product = multiply(cells, tf.reshape(dy, [cells.shape[0], outputs]), true, false);
    return tf.reshape<tf.Rank.R4>(product, [1, 1, inputs, outputs]);
  });
}

function matrixOf(filter: tf.Tensor4D): tf.Tensor2D {
  return tf.reshape(filter, [filter.shape[2], filter.shape[3]]);
}

/** The cells that are read, a row each, and the grid they lie in. */
function cellsRead(
  x: tf.Tensor4D,
  { rowStride, columnStride, top, bottom, left, right }: PointwiseWindow,
): { readonly cells: tf.Tensor2D; readonly grid: [number, number, number] } {
  const [batch, height, width, channels] = x.shape;
  const rows = Math.ceil((top + height + bottom) / rowStride);
  const columns = Math.ceil((left + width + right) / columnStride);
  const padded = padBy(x, [
    [top, Math.max(rows * rowStride - height - top, 0)],
    [left, Math.max(columns * columnStride - width - left, 0)],
  ]);
  const grid: [number, number, number] = [batch, rows, columns];
  if (rowStride === 1 && columnStride === 1)
    return { cells: tf.reshape(padded, [batch * rows * columns, channels]), grid };
  // The first cell of each run of cells, by a slice: six times as fast as StridedSlice.
  const runs = tf.reshape<tf.Rank.R4>(padded, [batch * rows, rowStride, columns, columnStride * channels]);
  const first = tf.slice4d(runs, [0, 0, 0, 0], [batch * rows, 1, columns, channels]);
  return { cells: tf.reshape(first, [batch * rows * columns, channels]), grid };
}

/** Puts the zeros behind each row and column that a stride has passed over. */
function spreadCells(x: tf.Tensor4D, { rowStride, columnStride }: PointwiseWindow): tf.Tensor4D {
  if (rowStride === 1 && columnStride === 1) return x;
  const [batch, rows, columns, channels] = x.shape;
  const runs = tf.pad4d(tf.reshape<tf.Rank.R4>(x, [batch * rows, 1, columns, channels]), [
    [0, 0],
    [0, rowStride - 1],
    [0, 0],
    [0, (columnStride - 1) * channels],
  ]);
  return tf.reshape<tf.Rank.R4>(runs, [batch, rows * rowStride, columns * columnStride, channels]);
}

/** Zeros behind the last row and column until there are so many; nothing where there are more. */
function padTo(x: tf.Tensor4D, height: number, width: number): tf.Tensor4D {
  return padBy(x, [
    [0, Math.max(height - x.shape[1], 0)],
    [0, Math.max(width - x.shape[2], 0)],
  ]);
}

function padBy(
  x: tf.Tensor4D,
  [vertical, horizontal]: readonly [[number, number], [number, number]],
): tf.Tensor4D {
  if ([...vertical, ...horizontal].every((cells) => cells === 0)) return x;
  return tf.pad4d(x, [[0, 0], vertical, horizontal, [0, 0]]);
}
