import * as tf from '@tensorflow/tfjs-core';
import { padImages } from '../../pad-images.ts';
import type { Kernels, WindowGeometry } from '../types.ts';
import { type Attributes, execute, runsOnGpu } from './execute.ts';
import {
  isPointwise,
  type PointwiseWindow,
  pointwiseConvolution,
  pointwiseFilterGradient,
  pointwiseInputGradient,
} from './pointwise.ts';
import { windowAttributes } from './window.ts';

type ConvolutionKernels = Pick<
  Kernels,
  'convolution' | 'convolutionInputGradient' | 'convolutionFilterGradient'
>;

type Shape4 = readonly [number, number, number, number];

/** TensorFlow's convolutions; on a processor those of single cells are matrix products. */
export const tensorflowConvolution: ConvolutionKernels = {
  convolution(x, filter, geometry) {
    const { dilation } = geometry;
    if (isProduct(filter.shape)) return pointwiseConvolution(x, filter, pointwiseWindow(geometry));
    return execute('Conv2D', { ...windowAttributes(geometry), dilations: [1, dilation, dilation, 1] }, [
      x,
      filter,
    ]);
  },

  convolutionInputGradient(dy, filter, inputShape, geometry) {
    if (isProduct(filter.shape))
      return pointwiseInputGradient(dy, filter, inputShape, pointwiseWindow(geometry));
    return tf.tidy(() => {
      const { attributes, margin } = gradientWindow(filter.shape, geometry);
      const [batch, height, width, channels] = inputShape;
      const sizes = tf.tensor1d([batch, height + 2 * margin, width + 2 * margin, channels], 'int32');
      const padded = execute<tf.Tensor4D>('Conv2DBackpropInput', attributes, [sizes, filter, dy]);
      return margin === 0 ? padded : tf.slice4d(padded, [0, margin, margin, 0], [...inputShape]);
    });
  },

  convolutionFilterGradient(x, dy, filterShape, geometry) {
    if (isProduct(filterShape)) return pointwiseFilterGradient(x, dy, pointwiseWindow(geometry));
    return tf.tidy(() => {
      const sizes = tf.tensor1d([...filterShape], 'int32');
      const { attributes, margin } = gradientWindow(filterShape, geometry);
      return execute('Conv2DBackpropFilter', attributes, [padImages(x, margin), sizes, dy]);
    });
  },
};

function isProduct(filterShape: Shape4): boolean {
  return isPointwise(filterShape) && !runsOnGpu();
}

function pointwiseWindow({ stride, padding }: WindowGeometry): PointwiseWindow {
  return {
    rowStride: stride,
    columnStride: stride,
    top: padding,
    bottom: padding,
    left: padding,
    right: padding,
  };
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
