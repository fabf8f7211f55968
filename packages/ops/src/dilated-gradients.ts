import type * as tf from '@tensorflow/tfjs-core';
import { dilateFilter, phaseSplit, tapsOfDilated } from './dilation.ts';
import { kernels } from './kernels/kernels.ts';
import type { ConvolutionGeometry } from './kernels/types.ts';
import { inPrecision, isHalfPrecision } from './precision.ts';

type Shape4 = readonly [number, number, number, number];

// No backend's gradient kernels take a dilation. At stride 1 the phases of the images make it undilated at no
// extra arithmetic, in full precision, as tfjs splits them; with a stride, which is rare, the filter is filled up with
// zeros.

/** Gradient of a convolution to its input, for any dilation. */
export function dilatedInputGradient(
  dy: tf.Tensor4D,
  filter: tf.Tensor4D,
  inputShape: Shape4,
  { stride, padding, dilation }: ConvolutionGeometry,
): tf.Tensor4D {
  const { convolutionInputGradient } = kernels();
  if (dilation === 1) return convolutionInputGradient(dy, filter, inputShape, { stride, padding });
  if (stride > 1) {
    return convolutionInputGradient(dy, dilateFilter(filter, dilation), inputShape, { stride, padding });
  }
  const split = phaseSplit(inputShape, filter.shape, padding, dilation);
  const phases = convolutionInputGradient(
    split.splitOutput(inPrecision(dy, false)),
    filter,
    split.shape(inputShape[3]),
    {
      stride: 1,
      padding: 0,
    },
  );
  return inPrecision(split.mergeInput(phases), isHalfPrecision(dy));
}

/** Gradient of a convolution to its filter, for any dilation. */
export function dilatedFilterGradient(
  x: tf.Tensor4D,
  dy: tf.Tensor4D,
  filterShape: Shape4,
  { stride, padding, dilation }: ConvolutionGeometry,
): tf.Tensor4D {
  const { convolutionFilterGradient } = kernels();
  if (dilation === 1) return convolutionFilterGradient(x, dy, filterShape, { stride, padding });
  if (stride > 1) {
    const [rows, columns, inputs, outputs] = filterShape;
    const dilatedShape = [dilation * (rows - 1) + 1, dilation * (columns - 1) + 1, inputs, outputs] as const;
    return tapsOfDilated(convolutionFilterGradient(x, dy, dilatedShape, { stride, padding }), dilation);
  }
  const split = phaseSplit(x.shape, filterShape, padding, dilation);
  const [images, results] = [inPrecision(x, false), inPrecision(dy, false)];
  return convolutionFilterGradient(split.splitInput(images), split.splitOutput(results), filterShape, {
    stride: 1,
    padding: 0,
  });
}
