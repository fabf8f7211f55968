import { PixconError } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';

/** Runs a kernel that computes a gradient of `operation`, or says that the backend lacks it and what to do. */
export function runGradientKernel(
  operation: string,
  kernel: string,
  inputs: Readonly<Record<string, tf.Tensor>>,
  attributes: Readonly<Record<string, unknown>>,
): tf.Tensor {
  const backend = tf.getBackend();
  if (!tf.getKernel(kernel, backend)) {
    const remedy = backend === 'wasm' ? 'call registerWasmKernels of @pixcon/ops, or ' : '';
    throw new PixconError(
      'invalid-argument',
      `${operation}: its gradient takes the kernel ${kernel}, which the ${backend} backend lacks; ${remedy}use another operation or backend`,
    );
  }
  return tf.engine().runKernel<tf.Tensor>(kernel, inputs, attributes as tf.NamedAttrMap);
}
