import * as tf from '@tensorflow/tfjs-core';
import type { Kernels } from '../types.ts';
import { tensorflowBatchNormalization } from './batch-normalization.ts';
import { tensorflowConvolution } from './convolution.ts';
import { execute } from './execute.ts';
import { multiply } from './multiply.ts';
import { tensorflowUpdates } from './updates.ts';
import { windowAttributes } from './window.ts';

const poolAttributes = (geometry: Parameters<Kernels['maxPool']>[1]) => ({
  ...windowAttributes(geometry),
  ksize: [1, geometry.size, geometry.size, 1],
});

/** Kernels of the TensorFlow backend: operations that tfjs does not expose, run through tfjs-node's binding. */
export const tensorflowKernels: Partial<Kernels> = {
  ...tensorflowConvolution,
  ...tensorflowBatchNormalization,
  ...tensorflowUpdates,
  reluGradient: (dy, y) => execute('ReluGrad', { T: 'float32' }, [dy, y]),
  maxPool: (x, geometry) => execute('MaxPool', poolAttributes(geometry), [x]),
  maxPoolGradient: (dy, x, y, geometry) => execute('MaxPoolGrad', poolAttributes(geometry), [x, y, dy]),
  matMul: multiply,
  columnSum: (x) => tf.tidy(() => execute('BiasAddGrad', { T: 'float32', data_format: 'NHWC' }, [x])),
};
