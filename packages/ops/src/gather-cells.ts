import { assertShape, PixconError } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.ts';

/**
 * Picks cells by index, image by image: y[b, i] = cells[b, index[b, i]]. `torch.gather` along the cells.
 * The gradient of a cell is the sum over the places it was picked for.
 *
 * @param cells `float32 [batch, cells, channels]`
 * @param index `int32 [batch, picks]`, each in 0 … cells − 1; a constant
 * @returns `[batch, picks, channels]`; the caller disposes it
 * @throws PixconError `invalid-shape`; `invalid-argument` when `index` is not int32
 *
 * @example
 * gatherCells(tf.tensor3d([[[1, 2], [3, 4]]]), tf.tensor2d([[1, 1]], [1, 2], 'int32')); // => [[[3, 4], [3, 4]]]
 */
export function gatherCells(cells: tf.Tensor3D, index: tf.Tensor2D): tf.Tensor3D {
  assertShape('gatherCells', 'cells', cells, [null, null, null]);
  assertShape('gatherCells', 'index', index, [cells.shape[0], null]);
  if (index.dtype !== 'int32') {
    throw new PixconError(
      'invalid-argument',
      `gatherCells: index must be int32, got ${index.dtype}; cast it`,
    );
  }
  const [batch, count, channels] = cells.shape;
  const picks = index.shape[1];
  return differentiable<tf.Tensor3D, 'cells'>(
    { cells },
    (save) => {
      save(index);
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
    (dy, [picked]) => ({
      cells: () => {
        // Cast, because the wasm kernel writes int32 whatever type it is asked for.
        const chosen = tf.cast(tf.oneHot(picked as tf.Tensor2D, count), 'float32') as tf.Tensor3D;
        return tf.matMul(chosen, dy, true, false);
      },
    }),
  );
}
