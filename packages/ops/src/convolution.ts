import { assertNumber, assertShape } from '@pixcon/core';
import type * as tf from '@tensorflow/tfjs-core';
import { assertWindow } from './assert-window.ts';
import { differentiable } from './differentiable.ts';
import { dilatedFilterGradient, dilatedInputGradient } from './dilated-gradients.ts';
import { dilateFilter } from './dilation.ts';
import { kernels } from './kernels/kernels.ts';

export interface ConvolutionOptions {
  /** Steps between windows; 1 by default. */
  readonly stride?: number;
  /** Zero cells added on each side; 0 by default. */
  readonly padding?: number;
  /** Cells between the taps of the filter; 1 (adjacent) by default. */
  readonly dilation?: number;
}

/**
 * Two-dimensional convolution (cross-correlation, torch.nn.functional.conv2d) with the same stride, symmetric
 * zero padding and dilation on both axes.
 *
 * @param x `[batch, height, width, in]`
 * @param filter `[rows, columns, in, out]`
 * @returns `[batch, ⌊(height + 2·padding − dilation·(rows − 1) − 1) / stride⌋ + 1, likewise the width, out]`
 * @throws PixconError `invalid-shape`, `invalid-argument`
 *
 * @example
 * convolution(tf.ones([2, 224, 224, 3]), tf.ones([7, 7, 3, 64]), { stride: 2, padding: 3 }); // [2, 112, 112, 64]
 */
export function convolution(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  options: ConvolutionOptions = {},
): tf.Tensor4D {
  const { stride = 1, padding = 0, dilation = 1 } = options;
  assertShape('convolution', 'x', x, [null, null, null, null]);
  assertShape('convolution', 'filter', filter, [null, null, x.shape[3], null]);
  assertNumber('convolution', 'stride', stride, { minimum: 1, integer: true });
  assertNumber('convolution', 'padding', padding, { minimum: 0, integer: true });
  assertNumber('convolution', 'dilation', dilation, { minimum: 1, integer: true });
  const [rows, columns] = filter.shape;
  assertWindow('convolution', x, dilation * (rows - 1) + 1, dilation * (columns - 1) + 1, padding);
  const geometry = { stride, padding, dilation };
  return differentiable<tf.Tensor4D, 'x' | 'filter'>(
    { x, filter },
    (save) => {
      save(x, filter);
      // tfjs refuses a stride together with a dilation.
      if (stride > 1 && dilation > 1) {
        return kernels().convolution(x, dilateFilter(filter, dilation), { stride, padding, dilation: 1 });
      }
      return kernels().convolution(x, filter, geometry);
    },
    (dy, saved) => {
      const [x, filter] = saved as [tf.Tensor4D, tf.Tensor4D];
      return {
        x: () => dilatedInputGradient(dy, filter, x.shape, geometry),
        filter: () => dilatedFilterGradient(x, dy, filter.shape, geometry),
      };
    },
  );
}
