import {
  assertNumber,
  type Optimizer,
  type ParameterSet,
  type ParameterSpec,
  PixconError,
} from '@pixcon/core';
import { sgdUpdates } from '@pixcon/ops';
import type * as tf from '@tensorflow/tfjs-core';
import { Velocities } from './velocities.ts';

export interface SgdOptions {
  /** Share of the last step's direction in this one's, from 0 to 1. Default 0.9. */
  readonly momentum?: number;
  /** Default 1e-4. */
  readonly weightDecay?: number;
}

/**
 * Stochastic gradient descent by the rule of `torch.optim.SGD` (no dampening, no Nesterov):
 *
 *     g ← g + weightDecay · w;   v ← momentum · v + g;   w ← w − learningRate · v
 *
 * The first step has v = g. Weight decay is for every parameter, biases and normalization included, as in PyTorch.
 * Parameters without a gradient stay; so do buffers.
 *
 * @throws PixconError `invalid-argument` for options outside their ranges
 *
 * @example
 * const optimizer = sgd({ momentum: 0.9, weightDecay: 1e-4 });
 * optimizer.update(parameters, gradients, 0.05);
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  const { momentum = 0.9, weightDecay = 1e-4 } = options;
  assertNumber('sgd', 'momentum', momentum, { minimum: 0, maximum: 1 });
  assertNumber('sgd', 'weightDecay', weightDecay, { minimum: 0 });
  const velocities = new Velocities('sgd');
  /** Parameters whose velocities hold a part of this step's gradient. */
  const begun = new Set<string>();

  const move = (
    parameters: ParameterSet,
    gradients: ReadonlyMap<string, tf.Tensor>,
    learningRate: number,
    skip?: tf.Tensor,
  ): void => {
    if (skip && momentum > 0) velocities.prepare(parameters);
    const specs = velocities.match(parameters, gradients);
    const [started, others] = [true, false].map((of) => specs.filter(({ name }) => begun.has(name) === of));
    const add = (
      group: readonly ParameterSpec[] = [],
      settings: { momentum: number; weightDecay: number },
    ) => {
      const updates = group.map(({ name }) => ({
        variable: parameters.get(name),
        velocity: velocities.get(name),
        gradient: gradients.get(name) as tf.Tensor,
      }));
      const next = sgdUpdates(updates, { learningRate, ...settings, skip });
      group.forEach(({ name }, index) => {
        velocities.set(name, next[index]);
      });
    };
    add(others, { momentum, weightDecay });
    // The old velocity and the weight decay are in it already.
    add(started, { momentum: 1, weightDecay: 0 });
  };

  return {
    name: 'sgd',
    settings: { momentum, weightDecay },
    prepare(parameters) {
      begun.clear();
      if (momentum > 0) velocities.prepare(parameters);
    },
    ...(momentum > 0 && {
      accumulate(parameters: ParameterSet, gradients: ReadonlyMap<string, tf.Tensor>) {
        velocities.prepare(parameters);
        move(parameters, gradients, 0);
        for (const name of gradients.keys()) begun.add(name);
      },
    }),
    update(parameters, gradients, learningRate, { skip } = {}) {
      assertNumber('sgd.update', 'learningRate', learningRate, { minimum: 0 });
      if (skip && begun.size > 0) {
        throw new PixconError(
          'invalid-argument',
          'sgd.update: skip cannot undo what accumulate has taken in; add the gradients up, and give them to update alone',
        );
      }
      move(parameters, gradients, learningRate, skip);
      for (const name of gradients.keys()) begun.delete(name);
    },
    state: () => velocities.state(),
    restore(state) {
      begun.clear();
      velocities.restore(state);
    },
    dispose: () => velocities.dispose(),
  };
}
