import * as tf from '@tensorflow/tfjs-core';

/** `[batch, 3, height, width]`: each channel contiguous, so that per-channel maths runs on long rows. */
export type Planes = tf.Tensor4D;

function toPlanes(images: tf.Tensor4D): Planes {
  return tf.transpose(images, [0, 3, 1, 2]);
}

function toImages(planes: Planes): tf.Tensor4D {
  return tf.transpose(planes, [0, 2, 3, 1]);
}

/** Runs `operation` on the planes of NHWC images. */
export function onPlanes(images: tf.Tensor4D, operation: (planes: Planes) => Planes): tf.Tensor4D {
  return tf.tidy(() => toImages(operation(toPlanes(images))));
}
