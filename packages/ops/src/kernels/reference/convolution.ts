import * as tf from '@tensorflow/tfjs-core';
import { padImages } from '../../pad-images.ts';
import type { Kernels } from '../types.ts';

type ConvolutionKernels = Pick<
  Kernels,
  'convolution' | 'convolutionInputGradient' | 'convolutionFilterGradient'
>;

/** Convolutions in stock tfjs: zero padding made by hand, as not every backend takes it in a gradient. */
export const referenceConvolution: ConvolutionKernels = {
  convolution(x, filter, { stride, padding, dilation }) {
    return tf.tidy(() => tf.conv2d(padImages(x, padding), filter, stride, 'valid', 'NHWC', dilation));
  },

  convolutionInputGradient(dy, filter, [batch, height, width, channels], { stride, padding }) {
    return tf.tidy(() => {
      const padded = tf.engine().runKernel<tf.Tensor4D>(
        'Conv2DBackpropInput',
        { dy, filter },
        {
          strides: [stride, stride],
          pad: 'valid',
          dataFormat: 'NHWC',
          inputShape: [batch, height + 2 * padding, width + 2 * padding, channels],
        },
      );
      if (padding === 0) return padded;
      return tf.slice4d(padded, [0, padding, padding, 0], [batch, height, width, channels]);
    });
  },

  convolutionFilterGradient(x, dy, filterShape, { stride, padding }) {
    return tf.tidy(() =>
      tf
        .engine()
        .runKernel<tf.Tensor4D>(
          'Conv2DBackpropFilter',
          { x: padImages(x, padding), dy },
          { strides: [stride, stride], pad: 'valid', dataFormat: 'NHWC', filterShape: [...filterShape] },
        ),
    );
  },
};
