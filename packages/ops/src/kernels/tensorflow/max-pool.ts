import * as tf from '@tensorflow/tfjs-core';
import { hostPooling } from '../cpu/max-pool.ts';
import type { Kernels } from '../types.ts';
import { execute, runsOnGpu } from './execute.ts';
import { windowAttributes } from './window.ts';

type PoolingKernels = Pick<Kernels, 'maxPool' | 'maxPoolGradient'>;

const poolAttributes = (geometry: Parameters<Kernels['maxPool']>[1]) => ({
  ...windowAttributes(geometry),
  ksize: [1, geometry.size, geometry.size, 1],
});

/** TensorFlow's max pooling. On a CPU it loses NaN; on a card, `TF_ENABLE_MAXPOOL_NANPROP` has it keep them. */
export const tensorflowPooling: PoolingKernels = {
  maxPool: (x, geometry) => execute('MaxPool', poolAttributes(geometry), [x]),
  maxPoolGradient: (dy, x, y, geometry) => execute('MaxPoolGrad', poolAttributes(geometry), [x, y, dy]),
};

/** Kernels that lose NaN, with plain loops in their place where there may be some. */
export function keepingNan(pooling: PoolingKernels): PoolingKernels {
  return {
    maxPool: (x, geometry) => (allFinite(x) ? pooling : hostPooling).maxPool(x, geometry),
    maxPoolGradient: (dy, x, y, geometry) =>
      (allFinite(y) ? pooling : hostPooling).maxPoolGradient(dy, x, y, geometry),
  };
}

/** False where a value is NaN or infinite, by one sum; not asked on a card, which would have to be waited for. */
function allFinite(x: tf.Tensor): boolean {
  if (runsOnGpu()) return true;
  const sum = tf.sum(x);
  const [value] = sum.dataSync();
  sum.dispose();
  return Number.isFinite(value);
}
