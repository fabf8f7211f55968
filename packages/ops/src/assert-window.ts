import { PixconError } from '@pixcon/core';
import type * as tf from '@tensorflow/tfjs-core';

/** Throws unless a window of `rows` × `columns` cells fits into the padded images. */
export function assertWindow(
  where: string,
  x: tf.Tensor4D,
  rows: number,
  columns: number,
  padding: number,
): void {
  const [, height, width] = x.shape;
  if (height + 2 * padding >= rows && width + 2 * padding >= columns) return;
  throw new PixconError(
    'invalid-shape',
    `${where}: x of ${height}×${width} cells with padding ${padding} is smaller than the ${rows}×${columns} window; use larger images or a smaller window`,
  );
}
