import { assertNumber, assertShape, PixconError } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { kernels } from './kernels/kernels.ts';
import type { MomentumUpdate } from './kernels/types.ts';
import { assertSkips } from './loss-scale.ts';

export interface SgdUpdateOptions {
  readonly learningRate: number;
  /** 0 by default. */
  readonly momentum?: number;
  /** Added to the gradient as weightDecay · variable; 0 by default. */
  readonly weightDecay?: number;
  /**
   * A number on the device, as `unscaleGradients` leaves it: nothing moves unless it is 0. WebGPU only; with momentum,
   * every parameter must have its velocity then.
   */
  readonly skip?: tf.Tensor | undefined;
}

/**
 * One step of stochastic gradient descent in place, by the rule of `torch.optim.SGD` (no dampening, no Nesterov):
 * g ← g + weightDecay · w; v ← momentum · v + g; w ← w − learningRate · v.
 *
 * @param variable w, changed in place
 * @param velocity v, changed in place; `undefined` on the first step
 * @param gradient stays the caller's
 * @returns the velocity for the next step: the one that was given, or a new variable that the caller disposes;
 *   `undefined` without momentum
 * @throws PixconError `invalid-shape`, `invalid-argument`
 *
 * @example
 * let velocity: tf.Variable | undefined;
 * velocity = sgdUpdate(weight, velocity, gradient, { learningRate: 0.1, momentum: 0.9, weightDecay: 1e-4 });
 */
export function sgdUpdate(
  variable: tf.Variable,
  velocity: tf.Variable | undefined,
  gradient: tf.Tensor,
  options: SgdUpdateOptions,
): tf.Variable | undefined {
  return sgdUpdates([{ variable, velocity, gradient }], options)[0];
}

/** A parameter, its velocity (`undefined` on the first step) and its gradient. */
export interface SgdParameter {
  readonly variable: tf.Variable;
  readonly velocity: tf.Variable | undefined;
  readonly gradient: tf.Tensor;
}

/**
 * {@link sgdUpdate} of many different parameters, which a backend may move all at once.
 *
 * @returns their velocities for the next step, in the same order
 * @throws PixconError `invalid-shape`, `invalid-argument`, before anything has moved
 *
 * @example
 * const velocities = sgdUpdates([{ variable, velocity: undefined, gradient }], { learningRate: 0.1, momentum: 0.9 });
 */
export function sgdUpdates(
  parameters: readonly SgdParameter[],
  options: SgdUpdateOptions,
): (tf.Variable | undefined)[] {
  const { learningRate, momentum = 0, weightDecay = 0, skip } = options;
  assertSkips('sgdUpdate', skip);
  if (skip && momentum > 0 && !parameters.every(isMoving)) {
    throw new PixconError(
      'invalid-argument',
      'sgdUpdate: skip needs a velocity for every parameter; start velocities at 0',
    );
  }
  for (const { variable, velocity, gradient } of parameters) {
    assertShape('sgdUpdate', 'gradient', gradient, variable.shape);
    if (velocity) assertShape('sgdUpdate', 'velocity', velocity, variable.shape);
  }
  assertNumber('sgdUpdate', 'learningRate', learningRate, { minimum: 0 });
  assertNumber('sgdUpdate', 'momentum', momentum, { minimum: 0 });
  assertNumber('sgdUpdate', 'weightDecay', weightDecay, { minimum: 0 });
  const settings = { learningRate, momentum, weightDecay, skip };
  if (skip && momentum === 0) return updateWithoutVelocities(parameters, settings);
  const moving = momentum > 0 ? parameters.filter(isMoving) : [];
  const table = kernels();
  if (table.momentumUpdates && moving.length > 0) table.momentumUpdates(moving, settings);
  else {
    for (const { variable, velocity, gradient } of moving)
      table.momentumUpdate(variable, velocity, gradient, settings);
  }
  return parameters.map((parameter) =>
    momentum > 0 && parameter.velocity ? parameter.velocity : firstStep(parameter, settings),
  );
}

function isMoving(parameter: SgdParameter): parameter is SgdParameter & { readonly velocity: tf.Variable } {
  return parameter.velocity !== undefined;
}

/** The kernel that may skip has velocities: these begin at 0 and are not kept. */
function updateWithoutVelocities(parameters: readonly SgdParameter[], settings: MomentumUpdate) {
  const table = kernels();
  for (const { variable, gradient } of parameters) {
    const velocity = tf.tidy(() => tf.variable(tf.zerosLike(variable), false));
    table.momentumUpdate(variable, velocity, gradient, settings);
    velocity.dispose();
  }
  return parameters.map(({ velocity }) => velocity);
}

function firstStep(
  { variable, velocity, gradient }: SgdParameter,
  { learningRate, momentum, weightDecay }: MomentumUpdate,
): tf.Variable | undefined {
  return tf.tidy(() => {
    const direction = weightDecay === 0 ? gradient : tf.add(gradient, tf.mul(variable, weightDecay));
    variable.assign(tf.sub(variable, tf.mul(direction, learningRate)));
    return momentum === 0 ? velocity : tf.variable(direction, false);
  });
}
