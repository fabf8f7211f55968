import { assertNumber, assertShape } from '@pixcon/core';
import type * as tf from '@tensorflow/tfjs-core';
import { assertWindow } from './assert-window.ts';
import { differentiable } from './differentiable.ts';
import { kernels } from './kernels/kernels.ts';
import {
  isDoneInside,
  normalizeAndRead,
  normalizedImages,
  type PendingNormalization,
} from './pending-normalization.ts';

export interface MaxPoolOptions {
  /** Side of the square window in cells. */
  readonly size: number;
  /** Steps between windows; `size` by default. */
  readonly stride?: number;
  /** Cells of −∞ added on each side; 0 by default, at most half of `size`. */
  readonly padding?: number;
}

/**
 * The largest value of each window and channel (torch.nn.functional.max_pool2d, floor mode). As there, a NaN wins: the
 * result is NaN, and its gradient goes to the last NaN of the window. (On a TensorFlow with CUDA that is left to its
 * kernels, which `startBackend` tells to keep NaN.)
 *
 * @param x `[batch, height, width, channels]`, or what `normalizeInside` makes of it
 * @returns `[batch, ⌊(height + 2·padding − size) / stride⌋ + 1, likewise the width, channels]`
 * @throws PixconError `invalid-shape`, `invalid-argument`
 *
 * @example
 * maxPool(tf.ones([2, 112, 112, 64]), { size: 3, stride: 2, padding: 1 }); // [2, 56, 56, 64]
 */
export function maxPool(x: tf.Tensor4D | PendingNormalization, options: MaxPoolOptions): tf.Tensor4D {
  const { size, stride = size, padding = 0 } = options;
  const inside = isDoneInside(x);
  const images = inside ? x.x : normalizedImages(x);
  assertShape('maxPool', 'x', images, [null, null, null, null]);
  assertNumber('maxPool', 'size', size, { minimum: 1, integer: true });
  assertNumber('maxPool', 'stride', stride, { minimum: 1, integer: true });
  assertNumber('maxPool', 'padding', padding, { minimum: 0, maximum: size / 2, integer: true });
  assertWindow('maxPool', images, size, size, padding);
  const geometry = { size, stride, padding };
  if (inside) {
    return normalizeAndRead(x, {
      inputs: {},
      forward: (from) => kernels().maxPool(from, geometry),
      keepsOutput: true,
      backward: (dy, from, _, y) => ({
        images: kernels().maxPoolGradient(dy, from, y as tf.Tensor4D, geometry),
      }),
    });
  }
  return differentiable<tf.Tensor4D, 'x'>(
    { x: images },
    (save) => {
      const y = kernels().maxPool(images, geometry);
      save(images, y);
      return y;
    },
    (dy, saved) => {
      const [from, y] = saved as [tf.Tensor4D, tf.Tensor4D];
      return { x: () => kernels().maxPoolGradient(dy, from, y, geometry) };
    },
  );
}
