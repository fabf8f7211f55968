import * as tf from '@tensorflow/tfjs-core';
import { batchedProduct } from './matrix-product.ts';

interface ProductAttributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/**
 * Puts our product of matrices in the place of tfjs-backend-webgpu's `BatchMatMul`, for `tf.matMul` of whoever calls
 * it: the stock one adds deep products up atomically, in another order each time, so that a run could not be
 * repeated; and it reads a transposed second operand number by number. Does no harm when called again.
 *
 * @param use false puts the stock one back. Default true.
 *
 * `startBackend` of `@pixcon/backend` calls it.
 *
 * @example
 * await tf.setBackend('webgpu');
 * registerWebgpuKernels();
 * tf.matMul(query, queue, false, true); // the same bits every time
 */
export function registerWebgpuKernels(use = true): void {
  const registered = tf.getKernel('BatchMatMul', 'webgpu');
  if (!registered) return;
  const before = replaced.get(registered.kernelFunc);
  if (use === (before !== undefined)) return;
  if (before) replace(before);
  else replaceBy(registered);
}

function replaceBy(stock: tf.KernelConfig): void {
  const kernelFunc: tf.KernelFunc = (call) => {
    const { a, b } = call.inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
    const { transposeA, transposeB } = call.attrs as unknown as ProductAttributes;
    if (!takes(a, b)) return stock.kernelFunc(call);
    return batchedProduct(a, b, transposeA, transposeB);
  };
  replaced.set(kernelFunc, stock);
  replace({ ...stock, kernelFunc });
}

function replace(kernel: tf.KernelConfig): void {
  tf.unregisterKernel('BatchMatMul', 'webgpu');
  tf.registerKernel(kernel);
}

/** The stock kernel in whose place each of ours is. */
const replaced = new WeakMap<tf.KernelFunc, tf.KernelConfig>();

/** Float32, and the leading axes are the same, or one side is a single matrix. */
function takes(a: tf.TensorInfo, b: tf.TensorInfo): boolean {
  if (a.dtype !== 'float32' || b.dtype !== 'float32') return false;
  const [left, right] = [a, b].map(({ shape }) => shape.slice(0, -2)) as [number[], number[]];
  const single = (shape: readonly number[]) => shape.every((axis) => axis === 1);
  return single(left) || single(right) || String(left) === String(right);
}
