import { assertNumber, type Optimizer } from '@pixcon/core';
import { sgdUpdate } from '@pixcon/ops';
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
    update(parameters, gradients, learningRate) {
      assertNumber('lars.update', 'learningRate', learningRate, { minimum: 0 });
      for (const { name, role } of velocities.match(parameters, gradients)) {
        const gradient = gradients.get(name);
        if (!gradient) continue;
        const variable = parameters.get(name);
        const direction = tf.tidy(() => {
          if (role !== 'weight') return tf.mul(gradient, learningRate);
          const decayed = tf.add(gradient, tf.mul(variable, weightDecay));
          return tf.mul(decayed, tf.mul(trustRatio(variable, gradient), learningRate));
        });
        // The rate is in the direction already.
        velocities.set(
          name,
          sgdUpdate(variable, velocities.get(name), direction, { learningRate: 1, momentum }),
        );
        direction.dispose();
      }
    },
    state: () => velocities.state(),
    restore: (state) => velocities.restore(state),
    dispose: () => velocities.dispose(),
  };

  /** A scalar that stays on the device. */
  function trustRatio(variable: tf.Tensor, gradient: tf.Tensor): tf.Scalar {
    const weightNorm = tf.sqrt(tf.sum(tf.square(variable)));
    const gradientNorm = tf.sqrt(tf.sum(tf.square(gradient)));
    const denominator = tf.add(tf.add(gradientNorm, tf.mul(weightNorm, weightDecay)), epsilon);
    const ratio = tf.div(tf.mul(weightNorm, trustCoefficient), denominator);
    const applies = tf.logicalAnd(tf.greater(weightNorm, 0), tf.greater(gradientNorm, 0));
    return tf.where(applies, ratio, tf.onesLike(ratio)) as tf.Scalar;
  }
}
