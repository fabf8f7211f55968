import * as tf from '@tensorflow/tfjs-core';
import type { PerImage } from './per-image.ts';
import type { Planes } from './planes.ts';

// Each function leaves temporaries to the caller's tidy.

/** torchvision's weights of red, green and blue in grey. */
const grayWeights = [0.2989, 0.587, 0.114] as const;

export function brightness(planes: Planes, factors: PerImage): Planes {
  return tf.clipByValue(tf.mul(planes, factors), 0, 1);
}

export function contrast(planes: Planes, factors: PerImage): Planes {
  const weights = tf.tensor4d([...grayWeights], [1, 3, 1, 1]);
  // Grey is linear in the channels: the mean of grey is the grey of the means.
  const channelMeans = tf.mean(planes, [2, 3], true);
  const grayMean = tf.sum(tf.mul(channelMeans, weights), 1, true); // [batch, 1, 1, 1]
  const offset = tf.mul(tf.sub(1, factors), grayMean);
  return tf.clipByValue(tf.add(tf.mul(planes, factors), offset), 0, 1);
}

/** Blends every pixel with its own grey: 1 keeps the colour, 0 is grey. */
export function saturation(planes: Planes, factors: readonly number[]): Planes {
  const [batch, , height, width] = planes.shape;
  const matrices = new Float32Array(batch * 9);
  for (const [image, factor] of factors.entries()) {
    for (let row = 0; row < 3; row++) {
      for (let column = 0; column < 3; column++) {
        const gray = (1 - factor) * (grayWeights[column] as number);
        matrices[image * 9 + row * 3 + column] = gray + (row === column ? factor : 0);
      }
    }
  }
  const pixels = tf.reshape(planes, [batch, 3, height * width]);
  const mixed = tf.matMul(tf.tensor3d(matrices, [batch, 3, 3]), pixels);
  return tf.clipByValue(tf.reshape(mixed, [batch, 3, height, width]), 0, 1);
}

/**
 * Hue turned by `shifts` (in turns). With h in sixths of a turn, v = max and c = max − min, a channel is
 * v − c · clip(2 − |k − 2|, 0, 1) where k = (n + h) mod 6 and n = 5, 3, 1 for red, green, blue: HSV to RGB
 * without cases.
 */
export function hue(planes: Planes, shifts: readonly number[]): Planes {
  const [red, green, blue] = tf.split(planes, 3, 1) as [Planes, Planes, Planes];
  const value = tf.maximum(tf.maximum(red, green), blue);
  const chroma = tf.sub(value, tf.minimum(tf.minimum(red, green), blue));
  const redLeads = tf.equal(red, value);
  const greenLeads = tf.equal(green, value);
  const difference = tf.where(
    redLeads,
    tf.sub(green, blue),
    tf.where(greenLeads, tf.sub(blue, red), tf.sub(red, green)),
  );
  const two = tf.fill(value.shape, 2);
  const start = tf.where(redLeads, tf.zerosLike(value), tf.where(greenLeads, two, tf.mul(two, 2)));
  // A grey pixel has chroma 0, and its hue does not matter; this keeps it finite.
  const within = tf.div(difference, tf.maximum(chroma, 1e-12));
  const turned = tf.add(tf.add(start, within), sixths(shifts)); // [batch, 1, height, width]
  const phase = tf.add(turned, tf.tensor4d([5, 3, 1], [1, 3, 1, 1]));
  const wrapped = tf.sub(phase, tf.mul(tf.floor(tf.mul(phase, 1 / 6)), 6));
  const ramp = tf.clipByValue(tf.sub(2, tf.abs(tf.sub(wrapped, 2))), 0, 1);
  return tf.sub(value, tf.mul(chroma, ramp));
}

function sixths(shifts: readonly number[]): tf.Tensor4D {
  return tf.tensor4d(
    shifts.map((shift) => shift * 6),
    [shifts.length, 1, 1, 1],
  );
}

export function solarize(planes: Planes, thresholds: PerImage): Planes {
  // Compared with zeros of the same shape: comparisons that broadcast are slow on WASM.
  const above = tf.sub(planes, thresholds);
  const bright = tf.cast(tf.greaterEqual(above, tf.zerosLike(above)), 'float32');
  // |bright − x| is 1 − x where bright is 1 and x (never negative) where it is 0.
  return tf.abs(tf.sub(bright, planes));
}

export function normalize(
  planes: Planes,
  mean: readonly number[],
  standardDeviation: readonly number[],
): Planes {
  const factors = standardDeviation.map((deviation) => 1 / deviation);
  const offsets = mean.map((value, channel) => -value * (factors[channel] as number));
  return tf.add(tf.mul(planes, tf.tensor4d(factors, [1, 3, 1, 1])), tf.tensor4d(offsets, [1, 3, 1, 1]));
}
