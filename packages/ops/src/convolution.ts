import { assertNumber, assertShape } from '@pixcon/core';
import type * as tf from '@tensorflow/tfjs-core';
import { assertWindow } from './assert-window.ts';
import { differentiable } from './differentiable.ts';
import { dilatedFilterGradient, dilatedInputGradient } from './dilated-gradients.ts';
import { dilateFilter } from './dilation.ts';
import { kernels } from './kernels/kernels.ts';
import {
  isDoneInside,
  normalizeAndRead,
  normalizedImages,
  type PendingNormalization,
} from './pending-normalization.ts';
import { assertHalfPrecision } from './precision.ts';

export interface ConvolutionOptions {
  /** Steps between windows; 1 by default. */
  readonly stride?: number;
  /** Zero cells added on each side; 0 by default. */
  readonly padding?: number;
  /** Cells between the taps of the filter; 1 (adjacent) by default. */
  readonly dilation?: number;
  /**
   * The result is in half precision, as `halfPrecision` would make it, though `x` is not; where `x` is, the result is
   * anyway. False by default.
   */
  readonly half?: boolean;
}

/**
 * Two-dimensional convolution (cross-correlation, torch.nn.functional.conv2d) with the same stride, symmetric
 * zero padding and dilation on both axes.
 *
 * @param x `[batch, height, width, in]`, or what `normalizeInside` makes of it
 * @param filter `[rows, columns, in, out]`
 * @returns `[batch, ⌊(height + 2·padding − dilation·(rows − 1) − 1) / stride⌋ + 1, likewise the width, out]`
 * @throws PixconError `invalid-shape`, `invalid-argument`; `backend-unavailable` for `half` on a backend without half precision
 *
 * @example
 * convolution(tf.ones([2, 224, 224, 3]), tf.ones([7, 7, 3, 64]), { stride: 2, padding: 3 }); // [2, 112, 112, 64]
 */
export function convolution(
  x: tf.Tensor4D | PendingNormalization,
  filter: tf.Tensor4D,
  options: ConvolutionOptions = {},
): tf.Tensor4D {
  const { stride = 1, padding = 0, dilation = 1, half = false } = options;
  const inside = isDoneInside(x);
  const images = inside ? x.x : normalizedImages(x);
  assertShape('convolution', 'x', images, [null, null, null, null]);
  assertShape('convolution', 'filter', filter, [null, null, images.shape[3], null]);
  assertNumber('convolution', 'stride', stride, { minimum: 1, integer: true });
  assertNumber('convolution', 'padding', padding, { minimum: 0, integer: true });
  assertNumber('convolution', 'dilation', dilation, { minimum: 1, integer: true });
  const [rows, columns] = filter.shape;
  assertWindow('convolution', images, dilation * (rows - 1) + 1, dilation * (columns - 1) + 1, padding);
  if (half) assertHalfPrecision('convolution');
  const geometry = { stride, padding, dilation };
  const forward = (from: tf.Tensor4D) =>
    // tfjs refuses a stride together with a dilation.
    stride > 1 && dilation > 1
      ? kernels().convolution(from, dilateFilter(filter, dilation), { stride, padding, dilation: 1, half })
      : kernels().convolution(from, filter, { ...geometry, half });
  if (inside) {
    return normalizeAndRead(x, {
      inputs: { filter },
      forward,
      keepsOutput: false,
      backward: (dy, from, kept) => ({
        images: dilatedInputGradient(dy, kept.filter as tf.Tensor4D, from.shape, geometry),
        filter: dilatedFilterGradient(from, dy, filter.shape, geometry),
      }),
    });
  }
  return differentiable<tf.Tensor4D, 'x' | 'filter'>(
    { x: images, filter },
    (save) => {
      save(images, filter);
      return forward(images);
    },
    (dy, saved) => {
      const [from, filter] = saved as [tf.Tensor4D, tf.Tensor4D];
      return {
        x: () => dilatedInputGradient(dy, filter, from.shape, geometry),
        filter: () => dilatedFilterGradient(from, dy, filter.shape, geometry),
      };
    },
  );
}
