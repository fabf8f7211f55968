import { assertNumber, type Optimizer } from '@pixcon/core';
import { larsUpdates } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';
import { Velocities } from './velocities.ts';

export interface LarsOptions {
  /** Share of the last step's direction in this one's, from 0 to 1. Default 0.9. */
  readonly momentum?: number;
  /** For weights only. Default 1e-6. */
  readonly weightDecay?: number;
  /** η, the size of a step as a share of the weight's norm. Default 0.001. */
  readonly trustCoefficient?: number;
  /** Added to the denominator of the trust ratio. Default 1e-8. */
  readonly epsilon?: number;
}

/**
 * Layer-wise adaptive rate scaling, for large batches (You et al. 2017, arXiv:1708.03888, algorithm 1). For every
 * weight w with gradient g:
 *
 *     ratio = η‖w‖ / (‖g‖ + weightDecay · ‖w‖ + ε)      (1 where ‖w‖ or ‖g‖ is 0)
 *     v ← momentum · v + learningRate · ratio · (g + weightDecay · w);   w ← w − v
 *
 * Biases and normalization (by their role) get the ratio 1 and no weight decay, as in the published recipes of BYOL
 * and SimCLR. The learning rate is inside the velocity: this is the rule of mmselfsup's `LARS`, which differs from
 * `sgd` when the learning rate changes.
 *
 * @throws PixconError `invalid-argument` for options outside their ranges
 *
 * @example
 * const optimizer = lars({ weightDecay: 1e-6 });
 * optimizer.update(parameters, gradients, 4.8);
 */
export function lars(options: LarsOptions = {}): Optimizer {
  const { momentum = 0.9, weightDecay = 1e-6, trustCoefficient = 0.001, epsilon = 1e-8 } = options;
  assertNumber('lars', 'momentum', momentum, { minimum: 0, maximum: 1 });
  assertNumber('lars', 'weightDecay', weightDecay, { minimum: 0 });
  assertNumber('lars', 'trustCoefficient', trustCoefficient, { minimum: 0, exclusiveMinimum: true });
  assertNumber('lars', 'epsilon', epsilon, { minimum: 0 });
  const velocities = new Velocities('lars');
  return {
    name: 'lars',
    settings: { momentum, weightDecay, trustCoefficient, epsilon },
    prepare(parameters) {
      if (momentum > 0) velocities.prepare(parameters);
    },
    update(parameters, gradients, learningRate, { skip } = {}) {
      assertNumber('lars.update', 'learningRate', learningRate, { minimum: 0 });
      const moved = velocities.match(parameters, gradients);
      if (momentum > 0) velocities.prepare(parameters);
      const updates = moved.map(({ name, role }) => {
        const variable = parameters.get(name);
        return {
          variable,
          velocity: velocities.get(name) ?? zeroVelocity(variable),
          gradient: gradients.get(name) as tf.Tensor,
          adaptive: role === 'weight',
        };
      });
      larsUpdates(updates, { learningRate, momentum, weightDecay, trustCoefficient, epsilon, skip });
      if (momentum === 0) tf.dispose(updates.map(({ velocity }) => velocity));
    },
    state: () => velocities.state(),
    restore: (state) => velocities.restore(state),
    dispose: () => velocities.dispose(),
  };
}

function zeroVelocity(variable: tf.Variable): tf.Variable {
  return tf.tidy(() => tf.variable(tf.zerosLike(variable), false));
}
