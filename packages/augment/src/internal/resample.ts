import * as tf from '@tensorflow/tfjs-core';
import type { Planes } from './planes.ts';

/** A separable linear resampling. A matrix batch of 1 serves all images. */
export interface Resampling {
  /** `[batch or 1, height, newHeight]`: column j holds the weights of new row j. */
  readonly vertical: tf.Tensor3D;
  /** `[batch or 1, width, newWidth]`: column j holds the weights of new column j. */
  readonly horizontal: tf.Tensor3D;
}

/** `verticalᵀ · plane · horizontal` for every plane; temporaries are left to the caller's tidy. */
export function resample(planes: Planes, { vertical, horizontal }: Resampling): Planes {
  const [batch, , height, width] = planes.shape;
  const [matrixBatch, , newHeight] = vertical.shape;
  const newWidth = horizontal.shape[2];
  const shared = matrixBatch === 1;
  const lines = tf.reshape(planes, shared ? [1, batch * 3 * height, width] : [batch, 3 * height, width]);
  const across = tf.reshape(tf.matMul(lines, horizontal), [batch * 3, height, newWidth]);
  // One matrix per plane: broadcasting [batch, 1] against [batch, 3] is wrong on the cpu backend.
  const perPlane = shared
    ? vertical
    : tf.reshape(tf.tile(tf.expandDims(vertical, 1), [1, 3, 1, 1]), [batch * 3, height, newHeight]);
  return tf.reshape(tf.matMul(perPlane, across, true), [batch, 3, newHeight, newWidth]);
}
