import * as tf from '@tensorflow/tfjs-core';
import type { Kernels } from '../types.ts';

export const referenceUpdates: Pick<Kernels, 'momentumUpdate' | 'moveTowards'> = {
  momentumUpdate(variable, velocity, gradient, { learningRate, momentum, weightDecay }) {
    tf.tidy(() => {
      const decayed = weightDecay === 0 ? gradient : tf.add(gradient, tf.mul(variable, weightDecay));
      const direction = tf.add(tf.mul(velocity, momentum), decayed);
      variable.assign(tf.sub(variable, tf.mul(direction, learningRate)));
      velocity.assign(direction);
    });
  },

  moveTowards(target, online, momentum) {
    tf.tidy(() => target.assign(tf.add(tf.mul(target, momentum), tf.mul(online, 1 - momentum))));
  },
};
