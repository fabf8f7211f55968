import type { WindowGeometry } from '../types.ts';
import type { Attributes } from './execute.ts';

/** Stride and padding as TensorFlow's attributes. */
export function windowAttributes({ stride, padding }: WindowGeometry): Attributes {
  return {
    T: 'float32',
    data_format: 'NHWC',
    strides: [1, stride, stride, 1],
    padding: padding === 0 ? 'VALID' : 'EXPLICIT',
    explicit_paddings: padding === 0 ? [] : [0, 0, padding, padding, padding, padding, 0, 0],
  };
}
