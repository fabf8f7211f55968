import * as tf from '@tensorflow/tfjs-core';

/** `x [b, h, w, c]` with `padding` cells of `value` on all four sides; `x` itself where there is nothing to pad. */
export function padImages(x: tf.Tensor4D, padding: number, value = 0): tf.Tensor4D {
  if (padding === 0) return x;
  return tf.pad4d(
    x,
    [
      [0, 0],
      [padding, padding],
      [padding, padding],
      [0, 0],
    ],
    value,
  );
}
