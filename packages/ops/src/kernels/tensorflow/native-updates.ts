import * as tf from '@tensorflow/tfjs-core';
import type { UpdateKernels } from '../types.ts';
import { execute, executeMany } from './execute.ts';

/** Updates of many parameters in one operation, which writes into their own memory. */
export const nativeUpdates: UpdateKernels = {
  momentumUpdate(variable, velocity, gradient, options) {
    nativeUpdates.momentumUpdates([{ variable, velocity, gradient }], options);
  },

  momentumUpdates(updates, { learningRate, momentum, weightDecay }) {
    const variables = updates.flatMap(({ variable, velocity }) => [variable, velocity]);
    const gradients = updates.map(({ gradient }) => gradient);
    assignInPlace(variables, (key) => {
      const settings = tf.tensor1d([learningRate, momentum, weightDecay]);
      executeMany('PixconMomentumUpdate', count(gradients), [key, settings, ...gradients], 0);
    });
  },

  larsUpdates(updates, { learningRate, momentum, weightDecay, trustCoefficient, epsilon }) {
    if (updates.length === 0) return;
    const variables = updates.flatMap(({ variable, velocity }) => [variable, velocity]);
    const gradients = updates.map(({ gradient }) => gradient);
    assignInPlace(variables, (key) => {
      const settings = tf.tensor1d([learningRate, momentum, weightDecay, trustCoefficient, epsilon]);
      const adaptive = tf.tensor1d(updates.map((update) => (update.adaptive ? 1 : 0)));
      executeMany('PixconLarsUpdate', count(gradients), [key, settings, adaptive, ...gradients], 0);
    });
  },

  moveTowards(target, online, momentum) {
    nativeUpdates.moveAllTowards([{ target, online }], momentum);
  },

  moveAllTowards(updates, momentum) {
    const targets = updates.map(({ target }) => target);
    const online = updates.map((update) => update.online);
    assignInPlace(targets, (key) => {
      executeMany('PixconMoveTowards', count(online), [key, tf.scalar(1 - momentum), ...online], 0);
    });
  },

  addAll(pairs) {
    const totals = pairs.map(({ total }) => total);
    const parts = pairs.map(({ part }) => part);
    return tf.tidy(() => {
      let sums: tf.Tensor[] = [];
      const release = () => tf.dispose(totals);
      const add = (key: tf.Tensor) => executeMany('PixconAddTo', count(parts), [key, ...parts], 0);
      writeInPlace(totals, release, add, (written) => {
        sums = written;
      });
      return sums;
    });
  },

  ringWrite(ring, rows, pointer) {
    assignInPlace([ring], (key) => {
      executeMany('PixconRingWrite', {}, [key, tf.scalar(pointer, 'int32'), rows], 0);
    });
  },
};

/** Runs `update` on the memory of `variables`, which it finds under a key; afterwards they have what was written. */
function assignInPlace(variables: readonly tf.Variable[], update: (key: tf.Tensor) => void): void {
  const release = () => {
    for (const variable of variables) variable.assign(withoutMemory(variable.shape));
  };
  tf.tidy(() => {
    writeInPlace(variables, release, update, (written) => {
      for (const [index, variable] of variables.entries()) variable.assign(written[index] as tf.Tensor);
    });
  });
}

/**
 * Runs `update` on the memory of `tensors`, which it finds under a key.
 *
 * @param release lets go of them, so that their buffers have one owner. Whoever else shares a buffer keeps its values:
 *   then a copy is written
 * @param restore gets them back, also after a failure
 */
function writeInPlace(
  tensors: readonly tf.Tensor[],
  release: () => void,
  update: (key: tf.Tensor) => void,
  restore: (written: tf.Tensor[]) => void,
): void {
  const key = execute('PixconHold', count(tensors), tensors);
  release();
  try {
    update(key);
  } finally {
    restore(executeMany('PixconTake', count(tensors), [key], tensors.length));
  }
}

/** What a variable shows while its memory is being written: a tensor whose values never get to TensorFlow. */
function withoutMemory(shape: number[]): tf.Tensor {
  return tf.engine().makeTensor(new Float32Array(0), shape, 'float32');
}

function count(tensors: readonly tf.Tensor[]) {
  return { N: { integer: tensors.length } } as const;
}
