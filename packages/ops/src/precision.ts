import { PixconError } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.ts';
import { kernels } from './kernels/kernels.ts';

/**
 * Images in half precision (IEEE 754 binary16): two bytes a number in the device's memory, which `convolution`,
 * `batchNormalization`, `maxPool` and `add` take and give. What they add up is in float32; where products run on
 * subgroup matrices, both factors are rounded to halves. WebGPU only. The type says float32; kernels of tfjs refuse it,
 * and {@link fullPrecision} leads back.
 *
 * A number past ±65,504 becomes infinite, one below 6e-8 becomes 0: scale a loss whose gradients go this way.
 *
 * @param x float32, any shape; one whose last axis is no multiple of 4 stays in full precision
 * @returns the same values, rounded; the gradient is in the precision of `x`
 * @throws PixconError `backend-unavailable` on a backend without half precision
 *
 * @example
 * const y = fullPrecision(convolution(halfPrecision(images), filter));
 */
export function halfPrecision<T extends tf.Tensor>(x: T): T {
  assertHalfPrecision('halfPrecision');
  return convert(x, true);
}

/**
 * The values of images in half precision in float32, for every other operation. Of others, a copy.
 *
 * @param x what an operation on images in half precision gave
 * @returns the same values; the gradient is in the precision of `x`
 *
 * @example
 * fullPrecision(tf.ones([2, 4])); // [2, 4]
 */
export function fullPrecision<T extends tf.Tensor>(x: T): T {
  return convert(x, false);
}

/** @throws PixconError `backend-unavailable` on a backend without half precision */
export function assertHalfPrecision(operation: string): void {
  if (kernels().halfPrecision) return;
  throw new PixconError(
    'backend-unavailable',
    `${operation}: half precision needs the webgpu backend, but ${tf.getBackend()} is running; compute in full precision, or start webgpu`,
  );
}

export function isHalfPrecision(x: tf.Tensor): boolean {
  return kernels().isHalfPrecision?.(x) === true;
}

/** The values of `x` in half precision, or in full: `x` itself where it has them so. */
export function inPrecision<T extends tf.Tensor>(x: T, half: boolean): T {
  const { halfPrecision, fullPrecision } = kernels();
  if (isHalfPrecision(x) === half) return x;
  return (half ? halfPrecision : fullPrecision)?.(x) ?? x;
}

function convert<T extends tf.Tensor>(x: T, half: boolean): T {
  const before = isHalfPrecision(x);
  return differentiable<T, 'x'>(
    { x },
    () => own(inPrecision(x, half), x),
    (dy) => ({ x: () => own(inPrecision(dy, before), dy) }),
  );
}

/** The tape disposes what it is given. */
function own<T extends tf.Tensor>(tensor: T, input: T): T {
  return tensor === input ? tf.clone(tensor) : tensor;
}
