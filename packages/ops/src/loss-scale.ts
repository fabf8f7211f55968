import { assertNumber, assertShape, PixconError } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { kernels } from './kernels/kernels.ts';
import type { LossScaleSettings } from './kernels/types.ts';

export type { LossScaleSettings } from './kernels/types.ts';

/**
 * Divides gradients of a scaled loss by its scale, on the device, and marks there whether all of them are finite. WebGPU
 * only.
 *
 * @param gradients by name, in float32; taken over
 * @param state `[2]`: the scale, and the steps since the last overflow
 * @param overflow `[1]`: becomes 1 where a number is infinite or not a number, else stays
 * @returns the gradients by the same names
 * @throws PixconError `backend-unavailable`, `invalid-shape`
 *
 * @example
 * const unscaled = unscaleGradients(gradients, tf.variable(tf.tensor1d([1024, 0])), tf.variable(tf.zeros([1])));
 */
export function unscaleGradients(
  gradients: ReadonlyMap<string, tf.Tensor>,
  state: tf.Variable,
  overflow: tf.Variable,
): Map<string, tf.Tensor> {
  assertState('unscaleGradients', state, overflow);
  const { unscaleGradients } = kernels();
  if (!unscaleGradients) throw unavailable('unscaleGradients');
  const unscaled = unscaleGradients([...gradients.values()], state, overflow);
  return new Map([...gradients.keys()].map((name, i) => [name, unscaled[i] as tf.Tensor]));
}

/**
 * Moves a loss scale after a step, on the device: after an overflow it is multiplied by `backoffFactor`, after
 * `growthInterval` steps without one by `growthFactor` (torch.amp.GradScaler). `overflow` becomes 0. WebGPU only.
 *
 * @throws PixconError `backend-unavailable`, `invalid-shape`, `invalid-argument`
 *
 * @example
 * adaptLossScale(state, overflow, { growthFactor: 2, backoffFactor: 0.5, growthInterval: 2000 });
 */
export function adaptLossScale(state: tf.Variable, overflow: tf.Variable, settings: LossScaleSettings): void {
  assertState('adaptLossScale', state, overflow);
  const { growthFactor, backoffFactor, growthInterval } = settings;
  assertNumber('adaptLossScale', 'growthFactor', growthFactor, { minimum: 1 });
  assertNumber('adaptLossScale', 'backoffFactor', backoffFactor, {
    minimum: 0,
    exclusiveMinimum: true,
    maximum: 1,
  });
  assertNumber('adaptLossScale', 'growthInterval', growthInterval, { minimum: 1, integer: true });
  const { adaptLossScale } = kernels();
  if (!adaptLossScale) throw unavailable('adaptLossScale');
  adaptLossScale(state, overflow, settings);
}

/** @throws PixconError `backend-unavailable` where updates cannot be skipped on the device */
export function assertSkips(operation: string, skip: tf.Tensor | undefined): void {
  if (skip && !kernels().unscaleGradients) throw unavailable(`${operation}: skip`);
}

function assertState(operation: string, state: tf.Variable, overflow: tf.Variable): void {
  assertShape(operation, 'state', state, [2]);
  assertShape(operation, 'overflow', overflow, [1]);
}

function unavailable(operation: string): PixconError {
  return new PixconError(
    'backend-unavailable',
    `${operation} needs the webgpu backend, but ${tf.getBackend()} is running; compute in full precision, or start webgpu`,
  );
}
