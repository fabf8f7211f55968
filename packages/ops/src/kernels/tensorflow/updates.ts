import * as tf from '@tensorflow/tfjs-core';
import { referenceUpdates } from '../reference/updates.ts';
import type { Kernels } from '../types.ts';
import { executeMany } from './execute.ts';
import { updateInPlace } from './in-place.ts';

const attributes = { T: 'float32', use_locking: false } as const;

/** Updates that write into the parameters' own memory, each in one pass. */
export const tensorflowUpdates: Pick<Kernels, 'momentumUpdate' | 'moveTowards'> = {
  momentumUpdate(variable, velocity, gradient, options) {
    const { learningRate, momentum, weightDecay } = options;
    // The decay is put into the velocity before it is multiplied by the momentum.
    if (momentum < 0.1) {
      referenceUpdates.momentumUpdate(variable, velocity, gradient, options);
      return;
    }
    tf.tidy(() => {
      updateInPlace([variable, velocity], gradient, (weights, directions) => {
        directions.release();
        if (weightDecay > 0) {
          const decay = [tf.scalar(-weightDecay / momentum), variable];
          executeMany('ResourceApplyGradientDescent', attributes, [directions.handle, ...decay], 0);
        }
        weights.release();
        const inputs = [tf.scalar(learningRate), gradient, tf.scalar(momentum)];
        executeMany(
          'ResourceApplyMomentum',
          { ...attributes, use_nesterov: false },
          [weights.handle, directions.handle, ...inputs],
          0,
        );
      });
    });
  },

  moveTowards(target, online, momentum) {
    if (momentum === 0) {
      referenceUpdates.moveTowards(target, online, momentum);
      return;
    }
    tf.tidy(() => {
      const distance = tf.sub(target, online);
      updateInPlace([target], online, ({ handle, release }) => {
        release();
        executeMany(
          'ResourceApplyGradientDescent',
          attributes,
          [handle, tf.scalar(1 - momentum), distance],
          0,
        );
      });
    });
  },
};
