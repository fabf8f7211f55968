import * as tf from '@tensorflow/tfjs-core';
import { maxPoolGradientLoops, maxPoolLoops, pooledShape } from '../max-pool-loops.ts';
import type { Kernels } from '../types.ts';

/** Max pooling on arrays of the host. (The stock kernels skip NaN.) */
export const hostPooling: Pick<Kernels, 'maxPool' | 'maxPoolGradient'> = {
  maxPool(x, geometry) {
    const outShape = pooledShape(x.shape, geometry);
    const to = new Float32Array(outShape.reduce((size, axis) => size * axis, 1));
    maxPoolLoops({ x: x.dataSync<'float32'>(), shape: x.shape, outShape, geometry }, to);
    return tf.tensor4d(to, outShape);
  },

  maxPoolGradient(dy, x, y, geometry) {
    const to = new Float32Array(x.size);
    const pooling = { x: x.dataSync<'float32'>(), shape: x.shape, outShape: y.shape, geometry };
    maxPoolGradientLoops(pooling, y.dataSync<'float32'>(), dy.dataSync<'float32'>(), to);
    return tf.tensor4d(to, x.shape);
  },
};
