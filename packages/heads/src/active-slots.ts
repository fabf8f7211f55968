import { assertShape } from '@pixcon/core';
import { stopGradient } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';

/** The prototypes that are the best of some cell, listed by cell. The caller disposes both tensors. */
export interface ActiveSlots {
  /** `int32 [batch, cells]`: the best prototype of each cell, the first of equals. */
  readonly index: tf.Tensor2D;
  /** `float32 [batch, cells]`: 1 for the first cell of its prototype, 0 for cells whose prototype is listed already. */
  readonly first: tf.Tensor2D;
}

/**
 * The active slots of each image: prototypes that are the best of at least one cell. An image has at most as many as
 * cells, so that they fit into a list of fixed length, whatever the number of prototypes. Constants: no gradient
 * flows through them.
 *
 * @param scores of every cell with every prototype, `[batch, cells, prototypes]`
 * @throws PixconError `invalid-shape`
 * @see the authors' `ctr_loss_filtered`
 *
 * @example
 * activeSlots(tf.tensor3d([[[0, 1], [1, 0], [0, 2]]])); // => index [[1, 0, 1]], first [[1, 1, 0]]
 */
export function activeSlots(scores: tf.Tensor3D): ActiveSlots {
  assertShape('activeSlots', 'scores', scores, [null, null, null]);
  return tf.tidy(() => {
    const index = tf.argMax<tf.Tensor2D>(stopGradient(scores), 2);
    const [batch, cells] = index.shape;
    const same = tf.cast(
      tf.equal(tf.reshape(index, [batch, cells, 1]), tf.reshape(index, [batch, 1, cells])),
      'float32',
    );
    const earlier = tf.tensor2d(
      Float32Array.from({ length: cells * cells }, (_, i) => Number(i % cells < Math.floor(i / cells))),
      [cells, cells],
    );
    const listed = tf.max<tf.Tensor2D>(tf.mul(same, earlier), 2);
    return { index, first: tf.sub<tf.Tensor2D>(1, listed) };
  });
}
