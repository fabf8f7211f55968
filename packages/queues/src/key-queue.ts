import { assertNumber, assertShape, type KeyQueue, PixconError, type RandomStream } from '@pixcon/core';
import { ringWrite } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';

export interface KeyQueueOptions {
  /** Keys that the queue holds. */
  readonly length: number;
  /** Length of a key. Default 128. */
  readonly dim?: number;
  /** Draws the keys that it starts with. */
  readonly random: RandomStream;
}

/**
 * A FIFO ring of negative keys. It starts full of random unit vectors (normal draws, L2-normalised), so that its
 * shape never changes; `enqueue` overwrites the oldest keys, around the end of the ring where it must.
 *
 * @throws PixconError `invalid-argument` for sizes that are no whole numbers above 0
 * @see He et al. 2020, MoCo, arXiv:1911.05722; `_dequeue_and_enqueue`
 *
 * @example
 * const queue = keyQueue({ length: 4096, dim: 128, random: new RandomStream(0) });
 * queue.enqueue(keys); // [32, 128], L2-normalised
 * queue.pointer; // => 32
 */
export function keyQueue(options: KeyQueueOptions): KeyQueue {
  const { length, dim = 128, random } = options;
  assertNumber('keyQueue', 'length', length, { minimum: 1, integer: true });
  assertNumber('keyQueue', 'dim', dim, { minimum: 1, integer: true });
  const variable = randomRing(length, dim, random);
  let pointer = 0;
  let filled = 0;
  return {
    length,
    dim,
    get keys() {
      return variable as unknown as tf.Tensor2D;
    },
    get pointer() {
      return pointer;
    },
    get filled() {
      return filled;
    },
    enqueue(keys) {
      assertShape('KeyQueue.enqueue', 'keys', keys, [null, dim]);
      const count = keys.shape[0];
      if (count > length) {
        throw new PixconError(
          'invalid-argument',
          `KeyQueue.enqueue: keys must be at most the queue's length of ${length}, got ${count}; use a longer queue or a smaller batch`,
        );
      }
      ringWrite(variable, keys, pointer);
      pointer = (pointer + count) % length;
      filled = Math.min(filled + count, length);
    },
    restore(content) {
      assertShape('KeyQueue.restore', 'keys', content.keys, [length, dim]);
      assertNumber('KeyQueue.restore', 'pointer', content.pointer, {
        minimum: 0,
        maximum: length - 1,
        integer: true,
      });
      assertNumber('KeyQueue.restore', 'filled', content.filled, {
        minimum: 0,
        maximum: length,
        integer: true,
      });
      variable.assign(content.keys);
      ({ pointer, filled } = content);
    },
    dispose() {
      variable.dispose();
    },
  };
}

/** Rows that are drawn at a time: the host's copy of a whole queue would stay until a garbage collection. */
const rowsAtOnce = 8192;

function randomRing(length: number, dim: number, random: RandomStream): tf.Variable {
  return tf.tidy(() => {
    // Not zeros, which some backends make on the host.
    const ring = tf.variable(tf.fill([length, dim], 0), false);
    const values = new Float32Array(Math.min(length, rowsAtOnce) * dim);
    for (let first = 0; first < length; first += rowsAtOnce) {
      const count = Math.min(rowsAtOnce, length - first);
      fillWithUnitRows(values, dim, random);
      const rows = tf.tensor2d(values.subarray(0, count * dim), [count, dim]);
      ringWrite(ring, rows, first);
      rows.dispose();
    }
    return ring;
  });
}

/** Normal draws, L2-normalised. */
function fillWithUnitRows(values: Float32Array, dim: number, random: RandomStream): void {
  for (let start = 0; start < values.length; start += dim) {
    let squares = 0;
    for (let i = start; i < start + dim; i++) {
      const value = random.normal();
      values[i] = value;
      squares += value * value;
    }
    const scale = 1 / Math.sqrt(squares);
    for (let i = start; i < start + dim; i++) values[i] = (values[i] as number) * scale;
  }
}
