import { assertShape, PixconError } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';

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
  return tf.customGrad((input, save) => {
    (save as tf.GradSaveFunc)([index]);
    return {
      value: tf.gather(input as tf.Tensor3D, index, 1, 1),
      // The stock gradient of a batched gather is wrong and missing on some backends; a matrix product is on all.
      gradFunc: (dy, saved) =>
        tf.tidy(() => {
          // The wasm kernel writes int32 whatever type it is asked for.
          const picked = tf.cast(
            tf.oneHot(saved[0] as tf.Tensor2D, cells.shape[1]),
            'float32',
          ) as tf.Tensor3D;
          return tf.matMul(picked, dy as tf.Tensor3D, true, false);
        }),
    };
  })(cells) as tf.Tensor3D;
}
