import * as tf from '@tensorflow/tfjs-core';
import type { Planes } from './planes.ts';
import { resample } from './resample.ts';

/** Blurs every image by its own sigma, borders reflected; temporaries are left to the caller's tidy. */
export function blur(planes: Planes, sigmas: readonly number[], kernelSize: number): Planes {
  const taps = sigmas.map((sigma) => gaussianTaps(sigma, kernelSize));
  // The WASM backend's product of matrix batches is some five times slower than its depthwise convolution.
  return tf.getBackend() === 'wasm' ? blurByConvolution(planes, taps) : blurByMatrices(planes, taps);
}

function blurByMatrices(planes: Planes, taps: readonly Float32Array[]): Planes {
  const [batch, , height, width] = planes.shape;
  const vertical = tf.tensor3d(blurMatrices(height, taps), [batch, height, height]);
  const horizontal =
    width === height ? vertical : tf.tensor3d(blurMatrices(width, taps), [batch, width, width]);
  return resample(planes, { vertical, horizontal });
}

/** The planes of the batch become the channels of one picture, so that each has a kernel of its own. */
function blurByConvolution(planes: Planes, taps: readonly Float32Array[]): Planes {
  const [batch, , height, width] = planes.shape;
  const channels = batch * 3;
  const kernelSize = (taps[0] as Float32Array).length;
  const radius = (kernelSize - 1) / 2;
  const kernels = new Float32Array(kernelSize * channels);
  for (let channel = 0; channel < channels; channel++) {
    const own = taps[Math.floor(channel / 3)] as Float32Array;
    for (let tap = 0; tap < kernelSize; tap++) kernels[tap * channels + channel] = own[tap] as number;
  }
  const down: tf.Tensor4D = tf.tensor4d(kernels, [kernelSize, 1, channels, 1]);
  const across: tf.Tensor4D = tf.reshape(down, [1, kernelSize, channels, 1]);
  const picture: tf.Tensor4D = tf.reshape(tf.transpose(planes, [2, 3, 0, 1]), [1, height, width, channels]);
  const border: [number, number] = [radius, radius];
  const padded = tf.mirrorPad(picture, [[0, 0], border, border, [0, 0]], 'reflect') as tf.Tensor4D;
  const blurred = tf.depthwiseConv2d(tf.depthwiseConv2d(padded, down, 1, 'valid'), across, 1, 'valid');
  return tf.transpose(tf.reshape(blurred, [height, width, batch, 3]), [2, 3, 0, 1]);
}

/** For every image the matrix `[size, size]` that blurs a line of `size` pixels: column j makes new pixel j. */
function blurMatrices(size: number, taps: readonly Float32Array[]): Float32Array {
  const matrices = new Float32Array(taps.length * size * size);
  for (const [image, own] of taps.entries()) {
    const radius = (own.length - 1) / 2;
    for (let pixel = 0; pixel < size; pixel++) {
      const column = image * size * size + pixel;
      for (const [tap, weight] of own.entries()) {
        const at = column + reflect(pixel + tap - radius, size) * size;
        matrices[at] = (matrices[at] as number) + weight;
      }
    }
  }
  return matrices;
}

/** Weights of the `kernelSize` taps; sigma 0 leaves the middle one. */
export function gaussianTaps(sigma: number, kernelSize: number): Float32Array {
  const radius = (kernelSize - 1) / 2;
  const taps = Float64Array.from({ length: kernelSize }, (_, tap) => {
    const distance = tap - radius;
    if (sigma === 0) return distance === 0 ? 1 : 0;
    return Math.exp(-0.5 * (distance / sigma) ** 2);
  });
  const total = taps.reduce((sum, tap) => sum + tap, 0);
  return Float32Array.from(taps, (tap) => tap / total);
}

/** Mirrored about the border pixels, which are not repeated. */
function reflect(index: number, size: number): number {
  if (index < 0) return -index;
  return index < size ? index : 2 * (size - 1) - index;
}
