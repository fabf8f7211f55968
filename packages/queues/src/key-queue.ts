import { assertNumber, assertShape, type KeyQueue, PixconError, type RandomStream } from '@pixcon/core';
import { ringWrite } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';

export interface KeyQueueOptions {
  /** Keys that it holds. */
  readonly length: number;
  /** Width of a key. */
  readonly dim: number;
  /** Draws the first content. */
  readonly random: RandomStream;
}

/**
 * A FIFO ring of negative keys (MoCo). It starts with random unit vectors: normal draws, normalised, as
 * `nn.functional.normalize(torch.randn(dim, K), dim=0)`.
 *
 * @throws PixconError `invalid-argument` for a length or width below 1
 * @see He et al. 2020, arXiv:1911.05722; mmselfsup `MoCo._dequeue_and_enqueue`
 * @example
 * const queue = keyQueue({ length: 4096, dim: 128, random: new RandomStream(0) });
 * queue.enqueue(keys); // [32, 128], unit length
 * queue.pointer; // => 32
 */
export function keyQueue(options: KeyQueueOptions): KeyQueue {
  const { length, dim, random } = options;
  assertNumber('keyQueue', 'length', length, { minimum: 1, integer: true });
  assertNumber('keyQueue', 'dim', dim, { minimum: 1, integer: true });
  const initial = tf.tensor2d(unitVectors(length, dim, random), [length, dim]);
  const keys = tf.variable(initial, false) as unknown as tf.Tensor2D & tf.Variable;
  initial.dispose();
  let pointer = 0;
  let filled = 0;
  return {
    length,
    dim,
    keys,
    get pointer() {
      return pointer;
    },
    get filled() {
      return filled;
    },
    enqueue(rows) {
      assertShape('KeyQueue.enqueue', 'keys', rows, [null, dim]);
      const [count] = rows.shape;
      if (count > length) {
        throw new PixconError(
          'invalid-argument',
          `KeyQueue.enqueue: expected at most ${length} keys, the length of the queue, got ${count}; use a longer queue or a smaller batch`,
        );
      }
      ringWrite(keys, rows, pointer);
      pointer = (pointer + count) % length;
      filled = Math.min(length, filled + count);
    },
    restore(content) {
      assertShape('KeyQueue.restore', 'keys', content.keys, [length, dim]);
      assertNumber('KeyQueue.restore', 'pointer', content.pointer, { minimum: 0, maximum: length - 1, integer: true });
      assertNumber('KeyQueue.restore', 'filled', content.filled, { minimum: 0, maximum: length, integer: true });
      tf.tidy(() => keys.assign(tf.clone(content.keys) as never));
      pointer = content.pointer;
      filled = content.filled;
    },
    dispose() {
      keys.dispose();
    },
  };
}

function unitVectors(count: number, dim: number, random: RandomStream): Float32Array {
  const values = new Float32Array(count * dim);
  for (let row = 0; row < count; row++) {
    let squares = 0;
    for (let i = row * dim; i < (row + 1) * dim; i++) {
      const value = random.normal();
      values[i] = value;
      squares += value * value;
    }
    const scale = 1 / Math.max(Math.sqrt(squares), 1e-12);
    for (let i = row * dim; i < (row + 1) * dim; i++) values[i] = (values[i] as number) * scale;
  }
  return values;
}
