import * as tf from '@tensorflow/tfjs-core';
import { execute } from './execute.ts';

let registered = false;

/**
 * Puts our reshape in the place of tfjs-node's, which hands the shape over as a tensor: a tenth of the time, and a step
 * has a hundred and more. Where our operations are off, and for scalars and types that they do not have, tfjs-node's
 * runs as before.
 *
 * @param hasNativeKernels asked at every call
 */
export function registerReshape(hasNativeKernels: () => boolean): void {
  const stock = tf.getKernel('Reshape', 'tensorflow');
  if (registered || !stock) return;
  registered = true;
  tf.unregisterKernel('Reshape', 'tensorflow');
  tf.registerKernel({
    ...stock,
    kernelFunc(parameters) {
      const { x } = parameters.inputs as { x: tf.Tensor };
      const given = (parameters.attrs as unknown as { shape: number[] }).shape;
      if (!hasNativeKernels() || given.length === 0 || (x.dtype !== 'float32' && x.dtype !== 'int32')) {
        return stock.kernelFunc(parameters);
      }
      const shape = tf.util.inferFromImplicitShape(given, x.size);
      tf.util.assert(
        x.size === tf.util.sizeFromShape(shape),
        () =>
          `new shape: ${shape}, old shape: ${x.shape}. New shape and old shape must have the same number of elements.`,
      );
      return execute('PixconReshape', { T: x.dtype, shape }, [x]);
    },
  });
}
