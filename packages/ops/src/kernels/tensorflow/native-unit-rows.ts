import * as tf from '@tensorflow/tfjs-core';
import type { Kernels } from '../types.ts';
import { execute, executeMany } from './execute.ts';

/** Lengths in float64, and rows at length 1 in the same pass. */
export const nativeUnitRows: Pick<Kernels, 'unitRows' | 'unitRowsGradient' | 'mostSimilar'> = {
  unitRows(x, epsilon) {
    const [y, norm] = executeMany('PixconUnitRows', { epsilon }, [x], 2) as [tf.Tensor2D, tf.Tensor2D];
    return { y, norm };
  },

  unitRowsGradient: (dy, y, norm, epsilon) => execute('PixconUnitRowsGradient', { epsilon }, [dy, y, norm]),

  mostSimilar(query, key) {
    const unit = (cells: tf.Tensor3D): tf.Tensor3D => {
      const [batch, count, channels] = cells.shape;
      const rows = tf.reshape<tf.Rank.R2>(cells, [batch * count, channels]);
      return tf.reshape(nativeUnitRows.unitRows(rows, 1e-12).y, cells.shape);
    };
    const cosines = tf.matMul(unit(query), unit(key), false, true);
    return { index: tf.argMax(cosines, 2), similarity: tf.max(cosines, 2) };
  },
};
