import * as tf from '@tensorflow/tfjs-core';
import type { Kernels } from '../types.ts';
import { execute, executeMany } from './execute.ts';

/** Updates of many parameters in one operation, which writes into their own memory. */
export const nativeUpdates: Required<
  Pick<Kernels, 'momentumUpdate' | 'momentumUpdates' | 'moveTowards' | 'moveAllTowards'>
> = {
  momentumUpdate(variable, velocity, gradient, options) {
    nativeUpdates.momentumUpdates([{ variable, velocity, gradient }], options);
  },

  momentumUpdates(updates, { learningRate, momentum, weightDecay }) {
    const settings = tf.tensor1d([learningRate, momentum, weightDecay]);
    const variables = updates.flatMap(({ variable, velocity }) => [variable, velocity]);
    const standIns = updates.flatMap(({ gradient }) => [gradient, gradient]);
    writeInPlace(variables, standIns, (key) => {
      const gradients = updates.map(({ gradient }) => gradient);
      executeMany('PixconMomentumUpdate', count(gradients), [key, settings, ...gradients], 0);
    });
    settings.dispose();
  },

  moveTowards(target, online, momentum) {
    nativeUpdates.moveAllTowards([{ target, online }], momentum);
  },

  moveAllTowards(updates, momentum) {
    const share = tf.scalar(1 - momentum);
    const variables = updates.map(({ target }) => target);
    const online = updates.map((update) => update.online);
    writeInPlace(variables, online, (key) => {
      executeMany('PixconMoveTowards', count(online), [key, share, ...online], 0);
    });
    share.dispose();
  },
};

/**
 * Runs `update` on the memory of `variables`, which it finds under a key; afterwards they have what was written.
 * Meanwhile they show `standIns`, so that their buffers have one owner. Whoever else shares a buffer keeps its values:
 * then a copy is written.
 *
 * @param standIns for each variable any tensor of its shape
 */
function writeInPlace(
  variables: readonly tf.Variable[],
  standIns: readonly tf.Tensor[],
  update: (key: tf.Tensor) => void,
): void {
  tf.tidy(() => {
    const key = execute('PixconHold', count(variables), variables);
    try {
      variables.forEach((variable, index) => {
        variable.assign(standIns[index] as tf.Tensor);
      });
      update(key);
    } finally {
      const written = executeMany('PixconTake', count(variables), [key], variables.length);
      variables.forEach((variable, index) => {
        variable.assign(written[index] as tf.Tensor);
      });
    }
  });
}

function count(tensors: readonly tf.Tensor[]) {
  return { N: { integer: tensors.length } } as const;
}
