import * as tf from '@tensorflow/tfjs-core';
import { padImages } from '../../pad-images.ts';
import type { Kernels, WindowGeometry } from '../types.ts';
import { type Attributes, execute, runsOnGpu } from './execute.ts';
import { windowAttributes } from './window.ts';

type ConvolutionKernels = Pick<
  Kernels,
  'convolution' | 'convolutionInputGradient' | 'convolutionFilterGradient'
>;

type Shape4 = readonly [number, number, number, number];

/** TensorFlow's convolutions. */
export const tensorflowConvolution: ConvolutionKernels = {
  convolution(x, filter, geometry) {
    const { dilation } = geometry;
    return execute('Conv2D', { ...windowAttributes(geometry), dilations: [1, dilation, dilation, 1] }, [
      x,
      filter,
    ]);
  },

  convolutionInputGradient(dy, filter, inputShape, geometry) {
    return tf.tidy(() => {
      const { attributes, margin } = gradientWindow(filter.shape, geometry);
      const [batch, height, width, channels] = inputShape;
      const sizes = tf.tensor1d([batch, height + 2 * margin, width + 2 * margin, channels], 'int32');
      const padded = execute<tf.Tensor4D>('Conv2DBackpropInput', attributes, [sizes, filter, dy]);
      return margin === 0 ? padded : tf.slice4d(padded, [0, margin, margin, 0], [...inputShape]);
    });
  },

  convolutionFilterGradient(x, dy, filterShape, geometry) {
    return tf.tidy(() => {
      const sizes = tf.tensor1d([...filterShape], 'int32');
      if (skipsCells(filterShape, geometry)) {
        const { stride } = geometry;
        const read = tf.stridedSlice(x, [0, 0, 0, 0], x.shape, [1, stride, stride, 1]);
        return execute('Conv2DBackpropFilter', windowAttributes({ stride: 1, padding: 0 }), [
          read,
          sizes,
          dy,
        ]);
      }
      const { attributes, margin } = gradientWindow(filterShape, geometry);
      return execute('Conv2DBackpropFilter', attributes, [padImages(x, margin), sizes, dy]);
    });
  },
};

/**
 * A 1×1 filter with a stride reads single cells. With few channels, oneDNN's filter gradient of it writes outside
 * its buffer where cells are left over at the far edge (TensorFlow 2.21 on a CPU: the process dies later, anywhere),
 * so it gets just the cells that are read.
 */
function skipsCells([rows, columns]: Shape4, { stride, padding }: WindowGeometry): boolean {
  return stride > 1 && padding === 0 && rows === 1 && columns === 1;
}

/**
 * How the gradient operations get their padding. TensorFlow's CPU kernels take explicit padding too, but by a path
 * that is up to ten times slower than `SAME`, or than `VALID` with a margin padded and cut off by hand.
 */
function gradientWindow(
  [rows, columns]: Shape4,
  geometry: WindowGeometry,
): { readonly attributes: Attributes; readonly margin: number } {
  const { stride, padding } = geometry;
  const attributes = windowAttributes(geometry);
  if (padding === 0 || runsOnGpu()) return { attributes, margin: 0 };
  const keepsSize = stride === 1 && rows === 2 * padding + 1 && columns === 2 * padding + 1;
  if (keepsSize) return { attributes: { ...attributes, padding: 'SAME', explicit_paddings: [] }, margin: 0 };
  return { attributes: windowAttributes({ stride, padding: 0 }), margin: padding };
}
