import { PixconError } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { registerWasmKernels } from '../kernels/wasm/register-wasm-kernels.ts';

/** Runs a kernel that computes a gradient of `operation`, or says that the backend lacks it and what to do. */
export function runGradientKernel(
  operation: string,
  kernel: string,
  inputs: Readonly<Record<string, tf.Tensor>>,
  attributes: Readonly<Record<string, unknown>>,
): tf.Tensor {
  const backend = tf.getBackend();
  // Some are ours there, missing or wrong otherwise; not registered yet where the backend was started by hand.
  if (backend === 'wasm') registerWasmKernels();
  if (!tf.getKernel(kernel, backend)) {
    throw new PixconError(
      'invalid-argument',
      `${operation}: its gradient takes the kernel ${kernel}, which the ${backend} backend lacks; use another operation or backend`,
    );
  }
  return tf.engine().runKernel<tf.Tensor>(kernel, inputs, attributes as tf.NamedAttrMap);
}
