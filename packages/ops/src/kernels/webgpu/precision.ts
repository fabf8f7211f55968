import type * as tf from '@tensorflow/tfjs-core';
import type { Kernels } from '../types.ts';
import { canBeHalf, isHalf } from './half-tensors.ts';
import { vectors } from './program.ts';
import { runWebgpuProgram } from './run-program.ts';

/** Values in two bytes each, rounded to the nearest that IEEE 754 binary16 has, and back. */
export const webgpuPrecision: Pick<Kernels, 'halfPrecision' | 'fullPrecision' | 'isHalfPrecision'> = {
  halfPrecision: (x) => (isHalf(x) || !canBeHalf(x.shape, x.dtype) ? x : converted(x, true)),
  fullPrecision: (x) => (isHalf(x) ? converted(x, false) : x),
  isHalfPrecision: isHalf,
};

function converted<T extends tf.Tensor>(x: T, half: boolean): T {
  const count = x.size / 4;
  const { y } = runWebgpuProgram({
    name: half ? 'to half precision' : 'to full precision',
    inputs: { x: vectors(x, true) },
    outputs: { y: { shape: x.shape, vector: true, half } },
    integers: { count },
    workgroupSize: 256,
    workgroups: Math.ceil(count / 256),
    shader: () => ({ body: 'if (index < uniforms.count) { y[index] = x[index]; }' }),
  });
  return y as T;
}
