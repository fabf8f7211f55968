import { describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { randomValues } from '../../../test/expect-like-naive.ts';
import type { Values } from '../../../test/naive.ts';
import { matMul } from './matrix-product.ts';
import { matrixOperand } from './operand.ts';
import { vectors } from './program.ts';
import { matrixStore, planProduct, tiledProduct } from './tiled-product.ts';
import { type Dispatch, watchDispatches } from './watch-dispatches.ts';

extendExpect();

// rows, depth, columns: inside, at and across the edges of tiles of 64 × 64 × 16, with and without loads of four
const sizes: [number, number, number][] = [
  [1, 1, 1],
  [3, 5, 7],
  [4, 4, 4],
  [2, 130, 1],
  [64, 16, 64],
  [65, 17, 66],
  [68, 20, 72],
  [129, 33, 63],
  [60, 48, 130],
  // Deep and small: split along the depth.
  [8, 2080, 12],
  [5, 2051, 7],
];

function naiveProduct(
  a: Values,
  b: Values,
  [rows, depth, columns]: [number, number, number],
  transposeA: boolean,
  transposeB: boolean,
): Values {
  const product = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      for (let k = 0; k < depth; k++) {
        const left = a[transposeA ? k * rows + i : i * depth + k] as number;
        const right = b[transposeB ? j * depth + k : k * columns + j] as number;
        product[i * columns + j] = (product[i * columns + j] as number) + left * right;
      }
    }
  }
  return product;
}

const matrix = (values: Values, shape: [number, number]) => tf.tensor2d(Float32Array.from(values), shape);

describeBackends(
  'matMul',
  () => {
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        it.each(sizes)(
          `rows %i, depth %i, columns %i, transposed ${transposeA} ${transposeB}: as the sums`,
          async (rows, depth, columns) => {
            await expectNoLeaks(async () => {
              const left = randomValues([rows * depth], 1);
              const right = randomValues([depth * columns], 2);
              const a = matrix(left, transposeA ? [depth, rows] : [rows, depth]);
              const b = matrix(right, transposeB ? [columns, depth] : [depth, columns]);
              const product = matMul(a, b, transposeA, transposeB);
              expect(product.shape).toEqual([rows, columns]);
              expect(await product.data()).toBeAllClose(
                naiveProduct(left, right, [rows, depth, columns], transposeA, transposeB),
                { relative: 1e-4, absolute: 1e-4 },
              );
              tf.dispose([a, b, product]);
            });
          },
        );
      }
    }

    it('multiplies with large tiles', async () => {
      const size: [number, number, number] = [2045, 20, 2048];
      expect(
        planProduct({ rows: 2045, depth: 20, columns: 2048, output: { name: '', shape: [] } }).tile.size,
      ).toBe(128);
      const left = randomValues([2045 * 20], 3);
      const right = randomValues([20 * 2048], 4);
      const a = matrix(left, [2045, 20]);
      const b = matrix(right, [2048, 20]);
      const product = matMul(a, b, false, true);
      expect(await product.data()).toBeAllClose(naiveProduct(left, right, size, false, true), {
        relative: 1e-4,
        absolute: 1e-4,
      });
      tf.dispose([a, b, product]);
    });

    it('reaches rows that a dimension of the dispatch does not, in stripes', async () => {
      const size: [number, number, number] = [64 * 4 + 3, 5, 70];
      const [rows, depth, columns] = size;
      const left = randomValues([rows * depth], 8);
      const right = randomValues([depth * columns], 9);
      const a = matrix(left, [rows, depth]);
      const b = matrix(right, [depth, columns]);
      const grids: unknown[] = [];
      const stop = watchDispatches(({ workgroups }) => grids.push(workgroups));
      const product = tiledProduct({
        name: 'striped',
        left: matrixOperand({
          side: 'A',
          name: 'a',
          input: vectors(a),
          lines: rows,
          depth,
          alongDepth: true,
        }),
        right: matrixOperand({
          side: 'B',
          name: 'b',
          input: vectors(b),
          lines: columns,
          depth,
          alongDepth: false,
        }),
        rows,
        columns,
        depth,
        store: matrixStore('product', rows, columns),
        output: { name: 'product', shape: [rows, columns] },
        stripe: 2,
      });
      stop();
      // Five rows and two columns of tiles, in three stripes.
      expect(grids).toEqual([[6, 2, 1]]);
      expect(await product.data()).toBeAllClose(naiveProduct(left, right, size, false, false), {
        relative: 1e-4,
        absolute: 1e-4,
      });
      tf.dispose([a, b, product]);
    });

    it('gives the same bits again where it splits the depth', async () => {
      const a = matrix(randomValues([12, 3000], 5), [12, 3000]);
      const b = matrix(randomValues([3000, 9], 6), [3000, 9]);
      const once = matMul(a, b);
      const again = matMul(a, b);
      expect(await again.data()).toEqual(await once.data());
      tf.dispose([a, b, once, again]);
    });

    it('multiplies a matrix with itself, and takes no depth for zero', async () => {
      const a = matrix(randomValues([5, 6], 7), [5, 6]);
      const gram = matMul(a, a, false, true);
      expect(await gram.data()).toBeAllClose(
        naiveProduct(randomValues([5, 6], 7), randomValues([5, 6], 7), [5, 6, 5], false, true),
        { relative: 1e-4, absolute: 1e-5 },
      );
      const nothing = matMul(tf.zeros([2, 0]), tf.zeros([0, 3]));
      expect(await nothing.array()).toEqual([
        [0, 0, 0],
        [0, 0, 0],
      ]);
      const none = matMul(tf.zeros([0, 4]), tf.zeros([4, 3]));
      expect(none.shape).toEqual([0, 3]);
      tf.dispose([a, gram, nothing, none]);
    });

    it('does not let what lies behind the depth in, were it not a number', async () => {
      // 6 of 16 depths of a tile; the memory behind belongs to the next row, or to nothing.
      const a = tf.tensor2d([1, 2, 3, 4, 5, 6, NaN, NaN, NaN, NaN, NaN, NaN], [2, 6]);
      const b = tf.ones([6, 4]) as tf.Tensor2D;
      const product = matMul(a, b);
      expect([...(await product.data())].slice(0, 4)).toEqual([21, 21, 21, 21]);
      tf.dispose([a, b, product]);
    });

    it('counts its arithmetic', () => {
      const seen: Dispatch[] = [];
      const stop = watchDispatches((dispatch) => seen.push(dispatch));
      tf.tidy(() => matMul(tf.ones([70, 32]), tf.ones([32, 64])));
      stop();
      expect(seen).toHaveLength(1);
      expect(seen[0]).toMatchObject({
        name: 'matMul',
        workgroups: [1, 2, 1],
        flops: 2 * 128 * 64 * 32,
        necessaryFlops: 2 * 70 * 64 * 32,
        necessaryBytes: 4 * (70 * 32 + 32 * 64 + 70 * 64),
      });
    });
  },
  { backends: ['webgpu'] },
);

describe('planProduct', () => {
  const plan = (rows: number, columns: number, depth: number, phases = 1) =>
    planProduct({ rows, columns, depth, phases, output: { name: 'y', shape: [rows, columns] } });

  it('splits what is deep and small, into parts that cover the depth', () => {
    for (const [rows, columns, depth] of [
      [64, 64, 200_704],
      [576, 64, 200_704],
      [4608, 512, 3136],
      [147, 64, 802_816],
      [5, 7, 2051],
    ] as const) {
      const { splits, splitDepth } = plan(rows, columns, depth);
      expect(splits).toBeGreaterThan(1);
      expect(splitDepth % 16).toBe(0);
      expect(splits * splitDepth).toBeGreaterThanOrEqual(depth);
      expect((splits - 1) * splitDepth).toBeLessThan(depth);
    }
  });

  it('does not split where tiles are plenty, or the depth is small', () => {
    expect(plan(200_704, 256, 64)).toMatchObject({ splits: 1, tile: { size: 128 } });
    expect(plan(128, 128, 100)).toMatchObject({ splits: 1, tile: { size: 64 } });
    expect(plan(4608, 512, 3136)).toMatchObject({ splits: 2, tile: { size: 128 } });
  });

  it('takes small tiles where large ones would be half empty', () => {
    expect(plan(200_704, 64, 576).tile.size).toBe(64);
  });
});
