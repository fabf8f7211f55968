import * as tf from '@tensorflow/tfjs-core';
import type { Kernels } from '../types.ts';
import { convolutionFilterGradient } from './filter-gradient.ts';
import { convolutionInputGradient } from './input-gradient.ts';

type ConvolutionKernels = Pick<
  Kernels,
  'convolution' | 'convolutionInputGradient' | 'convolutionFilterGradient'
>;

/** XNNPACK's convolution, and gradients that lead the arithmetic back to it and to its matrix product. */
export const wasmConvolution: ConvolutionKernels = {
  convolution: (x, filter, { stride, padding, dilation }) =>
    // Written out per axis: given one number, tfjs computes the output's width with the filter's height.
    tf.conv2d(
      x,
      filter,
      stride,
      [
        [0, 0],
        [padding, padding],
        [padding, padding],
        [0, 0],
      ],
      'NHWC',
      dilation,
    ),
  convolutionInputGradient,
  convolutionFilterGradient,
};
