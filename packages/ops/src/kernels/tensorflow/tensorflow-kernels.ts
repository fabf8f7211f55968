import * as tf from '@tensorflow/tfjs-core';
import type { Kernels } from '../types.ts';
import { tensorflowBatchNormalization } from './batch-normalization.ts';
import { tensorflowConvolution } from './convolution.ts';
import { execute } from './execute.ts';
import { keepingNan, tensorflowPooling } from './max-pool.ts';
import { multiply } from './multiply.ts';
import { tensorflowUpdates } from './updates.ts';

/** Kernels of the TensorFlow backend: operations that tfjs does not expose, run through tfjs-node's binding. */
export const tensorflowKernels: Partial<Kernels> = {
  ...tensorflowConvolution,
  ...tensorflowBatchNormalization,
  ...tensorflowUpdates,
  ...keepingNan(tensorflowPooling),
  reluGradient: (dy, y) => execute('ReluGrad', { T: 'float32' }, [dy, y]),
  matMul: multiply,
  columnSum: (x) => tf.tidy(() => execute('BiasAddGrad', { T: 'float32', data_format: 'NHWC' }, [x])),
};
