import * as tf from '@tensorflow/tfjs-core';
import { maxPoolGradientLoops, maxPoolLoops, pooledShape } from '../max-pool-loops.ts';
import type { Kernels } from '../types.ts';
import { allocate, views } from './heap.ts';
import { poolGradient } from './max-pool-gradient.ts';
import { squareWindow } from './window.ts';

/** XNNPACK's max pooling, which loses NaN, where there is none; plain loops where there may be. */
export const wasmPooling: Pick<Kernels, 'maxPool' | 'maxPoolGradient'> = {
  maxPool(x, geometry) {
    const { size, stride, padding } = geometry;
    if (allFinite(x)) return tf.maxPool(x, size, stride, padding);
    const outShape = pooledShape(x.shape, geometry);
    const y = allocate<tf.Rank.R4>(outShape);
    const [from, to] = views(x, y);
    maxPoolLoops({ x: from, shape: x.shape, outShape, geometry }, to);
    return y;
  },

  maxPoolGradient(dy, x, y, geometry) {
    const { size, ...window } = geometry;
    if (allFinite(y)) return poolGradient(dy, x, y, squareWindow(size, size, window));
    const result = allocate<tf.Rank.R4>(x.shape);
    const [from, output, gradient, to] = views(x, y, dy, result);
    maxPoolGradientLoops({ x: from, shape: x.shape, outShape: y.shape, geometry }, output, gradient, to);
    return result;
  },
};

/** False where a value is NaN or infinite, by one sum: in four parts, which do not wait for each other. */
function allFinite(x: tf.Tensor): boolean {
  const [values] = views(x);
  const { length } = values;
  let [a, b, c, d] = [0, 0, 0, 0];
  const fours = length - (length % 4);
  for (let i = 0; i < fours; i += 4) {
    a += values[i] as number;
    b += values[i + 1] as number;
    c += values[i + 2] as number;
    d += values[i + 3] as number;
  }
  for (let i = fours; i < length; i++) a += values[i] as number;
  return Number.isFinite(a + b + c + d);
}
