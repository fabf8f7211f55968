import * as tf from '@tensorflow/tfjs-core';

/** Sums `gradient` over the axes along which an operand of `shape` was broadcast: a new tensor of that shape. */
export function unbroadcast(gradient: tf.Tensor, shape: readonly number[]): tf.Tensor {
  const missing = gradient.rank - shape.length;
  const axes = gradient.shape.flatMap((size, axis) =>
    axis < missing || (shape[axis - missing] === 1 && size !== 1) ? [axis] : [],
  );
  return tf.reshape(axes.length > 0 ? tf.sum(gradient, axes) : gradient, [...shape]);
}
