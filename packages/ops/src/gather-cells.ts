import { assertShape, PixconError } from '@pixcon/core';
import type * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.ts';
import { kernels } from './kernels/kernels.ts';

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
  return differentiable<tf.Tensor3D, 'cells'>(
    { cells },
    (save) => {
      // First: what is saved before a failure is never freed.
      const picked = kernels().gatherCells(cells, index);
      save(index);
      return picked;
    },
    (dy, [picked]) => ({
      cells: () => kernels().gatherCellsGradient(dy, picked as tf.Tensor2D, cells.shape[1]),
    }),
  );
}
