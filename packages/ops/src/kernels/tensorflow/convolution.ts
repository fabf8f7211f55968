import * as tf from '@tensorflow/tfjs-core';
import type { Kernels } from '../types.ts';
import { execute } from './execute.ts';
import { windowAttributes } from './window.ts';

type ConvolutionKernels = Pick<
  Kernels,
  'convolution' | 'convolutionInputGradient' | 'convolutionFilterGradient'
>;

/** TensorFlow's convolutions, which take PyTorch's padding as it is. */
export const tensorflowConvolution: ConvolutionKernels = {
  convolution(x, filter, geometry) {
    const { dilation } = geometry;
    return execute('Conv2D', { ...windowAttributes(geometry), dilations: [1, dilation, dilation, 1] }, [
      x,
      filter,
    ]);
  },

  convolutionInputGradient(dy, filter, inputShape, geometry) {
    return tf.tidy(() =>
      execute('Conv2DBackpropInput', windowAttributes(geometry), [
        tf.tensor1d([...inputShape], 'int32'),
        filter,
        dy,
      ]),
    );
  },

  convolutionFilterGradient(x, dy, filterShape, geometry) {
    return tf.tidy(() =>
      execute('Conv2DBackpropFilter', windowAttributes(geometry), [
        x,
        tf.tensor1d([...filterShape], 'int32'),
        dy,
      ]),
    );
  },
};
