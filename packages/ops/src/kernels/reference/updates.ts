import * as tf from '@tensorflow/tfjs-core';
import type { Kernels, LarsUpdate } from '../types.ts';

export const referenceUpdates: Pick<Kernels, 'momentumUpdate' | 'larsUpdates' | 'moveTowards'> = {
  momentumUpdate(variable, velocity, gradient, { learningRate, momentum, weightDecay }) {
    tf.tidy(() => {
      const decayed = weightDecay === 0 ? gradient : tf.add(gradient, tf.mul(variable, weightDecay));
      const direction = tf.add(tf.mul(velocity, momentum), decayed);
      variable.assign(tf.sub(variable, tf.mul(direction, learningRate)));
      velocity.assign(direction);
    });
  },

  larsUpdates(updates, options) {
    const { learningRate, momentum, weightDecay } = options;
    for (const { variable, velocity, gradient, adaptive } of updates) {
      tf.tidy(() => {
        const decayed = adaptive ? tf.add(gradient, tf.mul(variable, weightDecay)) : gradient;
        const rate = adaptive ? tf.mul(trustRatio(variable, gradient, options), learningRate) : learningRate;
        const direction = tf.add(tf.mul(velocity, momentum), tf.mul(decayed, rate));
        variable.assign(tf.sub(variable, direction));
        velocity.assign(direction);
      });
    }
  },

  moveTowards(target, online, momentum) {
    tf.tidy(() => target.assign(tf.add(tf.mul(target, momentum), tf.mul(online, 1 - momentum))));
  },
};

/** A scalar that stays on the device. */
function trustRatio(
  variable: tf.Tensor,
  gradient: tf.Tensor,
  { weightDecay, trustCoefficient, epsilon }: LarsUpdate,
): tf.Scalar {
  const weightNorm = tf.sqrt(tf.sum(tf.square(variable)));
  const gradientNorm = tf.sqrt(tf.sum(tf.square(gradient)));
  const denominator = tf.add(tf.add(gradientNorm, tf.mul(weightNorm, weightDecay)), epsilon);
  const ratio = tf.div(tf.mul(weightNorm, trustCoefficient), denominator);
  const applies = tf.logicalAnd(tf.greater(weightNorm, 0), tf.greater(gradientNorm, 0));
  return tf.where(applies, ratio, tf.onesLike(ratio)) as tf.Scalar;
}
