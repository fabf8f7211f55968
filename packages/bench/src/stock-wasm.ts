import { registerGradients } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';

type Shape4 = [number, number, number, number];

const name = 'stock-wasm';

/**
 * Starts tfjs-backend-wasm as it comes: none of our kernels, neither those that `@pixcon/ops` chooses by the name of
 * the backend nor those that `startBackend` registers. What training needs and it lacks is composed of its kernels.
 * In a process of its own: two wasm backends share what their kernels keep.
 *
 * @returns what runs, in words
 */
export async function startStockWasm(): Promise<string> {
  // biome-ignore lint/style/noRestrictedImports: what is measured is this backend without packages/backend.
  const { getThreadsCount } = await import('@tensorflow/tfjs-backend-wasm');
  if (!tf.findBackendFactory(name)) {
    tf.registerBackend(name, tf.findBackendFactory('wasm'));
    tf.copyRegisteredKernels('wasm', name);
    tf.registerKernel(composedFilterGradient);
  }
  await tf.setBackend(name);
  await tf.ready();
  registerGradients();
  const threads = getThreadsCount();
  return `stock WebAssembly, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
}

/**
 * The filter gradient that tfjs-backend-wasm lacks, as its users compose it: a convolution with images as
 * channels, channels as images, and `dy`, dilated by the stride, as the filter. Of an input that was padded already.
 */
const composedFilterGradient: tf.KernelConfig = {
  kernelName: 'Conv2DBackpropFilter',
  backendName: name,
  kernelFunc: ({ inputs, attrs }) => {
    const { x, dy } = inputs as { x: tf.Tensor4D; dy: tf.Tensor4D };
    const { strides, filterShape } = attrs as unknown as { strides: [number, number]; filterShape: Shape4 };
    const [rows, columns, channels, outputs] = filterShape;
    return tf.tidy(() => {
      const images = tf.transpose(x, [3, 1, 2, 0]) as tf.Tensor4D;
      const filter = tf.transpose(dy, [1, 2, 0, 3]) as tf.Tensor4D;
      const gradient = tf.conv2d(images, filter, 1, 'valid', 'NHWC', strides);
      // A stride that leaves rows of the input over gives rows of nothing.
      const cut = tf.slice4d(gradient, [0, 0, 0, 0], [channels, rows, columns, outputs]);
      return tf.transpose(cut, [1, 2, 0, 3]);
    });
  },
};
