import * as tf from '@tensorflow/tfjs-core';
import type { Kernels } from '../types.ts';
import { matrixOperand } from './operand.ts';
import { vectors } from './program.ts';
import { matrixStore, tiledProduct } from './tiled-product.ts';

/** a · b of matrices in tiles, with loads of four numbers for every combination of transpositions. */
export const matMul: Kernels['matMul'] = (a, b, transposeA = false, transposeB = false) =>
  batchedProduct(a, b, transposeA, transposeB) as tf.Tensor2D;

/**
 * a · b for each matrix of a batch: `[…, rows, depth] · […, depth, columns]`, either one transposed first. The
 * leading axes must be the same, or be one matrix for all on one side.
 */
export function batchedProduct(
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  transposeA: boolean,
  transposeB: boolean,
): tf.Tensor {
  const [rows, depth] = sides(a, transposeA);
  const columns = sides(b, transposeB)[1];
  const leading = [a, b].map(({ shape }) => shape.slice(0, -2)) as [number[], number[]];
  const [countA, countB] = leading.map((shape) => shape.reduce((size, axis) => size * axis, 1)) as [
    number,
    number,
  ];
  const phases = Math.max(countA, countB);
  const shape = [...tf.broadcast_util.assertAndGetBroadcastShape(...leading), rows, columns];
  if (depth === 0) return tf.zeros(shape);
  return tiledProduct({
    name: phases === 1 ? 'matMul' : 'matMul batched',
    left: matrixOperand({
      side: 'A',
      name: 'a',
      input: vectors(a),
      lines: rows,
      depth,
      alongDepth: !transposeA,
      batched: countA > 1,
    }),
    right: matrixOperand({
      side: 'B',
      name: 'b',
      input: vectors(b),
      lines: columns,
      depth,
      alongDepth: transposeB,
      batched: countB > 1,
    }),
    rows,
    columns,
    depth,
    phases,
    store: matrixStore('product', rows, columns, phases),
    output: { name: 'product', shape },
    necessaryFlops: 2 * phases * rows * columns * depth,
  });
}

/** Rows and columns of a matrix that is transposed first, or not. */
function sides({ shape }: tf.TensorInfo, transposed: boolean): [number, number] {
  const [rows, columns] = shape.slice(-2) as [number, number];
  return transposed ? [columns, rows] : [rows, columns];
}
