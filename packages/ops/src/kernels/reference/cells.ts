import * as tf from '@tensorflow/tfjs-core';
import type { Kernels } from '../types.ts';

type CellKernels = Pick<
  Kernels,
  'unitRows' | 'unitRowsGradient' | 'gatherCells' | 'gatherCellsGradient' | 'mostSimilar'
>;

/** Feature vectors and their matches in stock tfjs. */
export const referenceCells: CellKernels = {
  unitRows(x, epsilon) {
    const norm = tf.sqrt(tf.sum(tf.square(x), -1, true)) as tf.Tensor2D;
    return { y: tf.div(x, tf.maximum(norm, epsilon)), norm };
  },

  // (dy − y · ⟨dy, y⟩) / ‖x‖ above ε, and dy / ε below it.
  unitRowsGradient(dy, y, norm, epsilon) {
    const along = tf.mul(tf.sum(tf.mul(dy, y), -1, true), tf.cast(tf.greater(norm, epsilon), 'float32'));
    return tf.div(tf.sub(dy, tf.mul(y, along)), tf.maximum(norm, epsilon));
  },

  gatherCells(cells, index) {
    const [batch, count, channels] = cells.shape;
    const picks = index.shape[1];
    // Over the flattened batch: the wasm backend's own batched gather picks wrong cells.
    const offsets = tf.tensor2d(
      Int32Array.from({ length: batch }, (_, image) => image * count),
      [batch, 1],
    );
    const rows = tf.reshape(tf.add(index, offsets), [batch * picks]) as tf.Tensor1D;
    return tf.reshape(tf.gather(tf.reshape(cells, [batch * count, channels]), rows), [
      batch,
      picks,
      channels,
    ]);
  },

  // The stock gradient of a gather is missing on some backends; a matrix product is on all.
  gatherCellsGradient(dy, index, count) {
    // Cast, because the wasm kernel writes int32 whatever type it is asked for.
    const chosen = tf.cast(tf.oneHot(index, count), 'float32') as tf.Tensor3D;
    return tf.matMul(chosen, dy, true, false);
  },

  mostSimilar(query, key) {
    const unit = (cells: tf.Tensor3D): tf.Tensor3D => {
      const rows = tf.reshape<tf.Rank.R2>(cells, [cells.shape[0] * cells.shape[1], cells.shape[2]]);
      return tf.reshape(referenceCells.unitRows(rows, 1e-12).y, cells.shape);
    };
    const cosines = tf.matMul(unit(query), unit(key), false, true);
    return { index: tf.argMax(cosines, 2), similarity: tf.max(cosines, 2) };
  },
};
