import * as tf from '@tensorflow/tfjs-core';
import type { Kernels } from '../types.ts';
import { matrixOperand } from './operand.ts';
import { vectors } from './program.ts';
import { matrixStore, tiledProduct } from './tiled-product.ts';

/** a · b of matrices in tiles, with loads of four numbers for every combination of transpositions. */
export const matMul: Kernels['matMul'] = (a, b, transposeA = false, transposeB = false) => {
  const rows = a.shape[transposeA ? 1 : 0];
  const depth = a.shape[transposeA ? 0 : 1];
  const columns = b.shape[transposeB ? 0 : 1];
  if (depth === 0) return tf.zeros([rows, columns]);
  return tiledProduct({
    name: 'matMul',
    left: matrixOperand({
      side: 'A',
      name: 'a',
      input: vectors(a),
      lines: rows,
      depth,
      alongDepth: !transposeA,
    }),
    right: matrixOperand({
      side: 'B',
      name: 'b',
      input: vectors(b),
      lines: columns,
      depth,
      alongDepth: transposeB,
    }),
    rows,
    columns,
    depth,
    store: matrixStore('product', rows, columns),
    output: { name: 'product', shape: [rows, columns] },
  }) as tf.Tensor2D;
};
