import { assertNumber, type Optimizer } from '@pixcon/core';
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
  return {
    name: 'sgd',
    settings: { momentum, weightDecay },
    prepare(parameters) {
      if (momentum > 0) velocities.prepare(parameters);
    },
    update(parameters, gradients, learningRate) {
      assertNumber('sgd.update', 'learningRate', learningRate, { minimum: 0 });
      const moved = velocities.match(parameters, gradients);
      const updates = moved.map(({ name }) => ({
        variable: parameters.get(name),
        velocity: velocities.get(name),
        gradient: gradients.get(name) as tf.Tensor,
      }));
      const next = sgdUpdates(updates, { learningRate, momentum, weightDecay });
      moved.forEach(({ name }, index) => {
        velocities.set(name, next[index]);
      });
    },
    state: () => velocities.state(),
    restore: (state) => velocities.restore(state),
    dispose: () => velocities.dispose(),
  };
}
