import { describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { randomValues } from '../../../test/expect-like-naive.ts';
import { registerWebgpuKernels } from './register-webgpu-kernels.ts';
import { watchDispatches } from './watch-dispatches.ts';

extendExpect();

// Shapes before any transposition, leading axes first.
const cases: [number[], number[]][] = [
  [
    [3, 5, 7],
    [3, 7, 4],
  ],
  [
    [2, 2, 4, 8],
    [2, 2, 8, 4],
  ],
  [
    [5, 7],
    [3, 7, 6],
  ],
  [
    [1, 4, 8],
    [5, 8, 12],
  ],
  [
    [4, 3, 6],
    [6, 2],
  ],
  [
    [1, 9, 3],
    [1, 3, 2],
  ],
];

const turned = (shape: readonly number[]) => [...shape.slice(0, -2), ...shape.slice(-2).reverse()];
const sizeOf = (shape: readonly number[]) => shape.reduce((size, axis) => size * axis, 1);

describeBackends(
  'tf.matMul with our kernel',
  () => {
    it.each(cases)('%j · %j: as the sums, whatever is transposed', async (shapeA, shapeB) => {
      for (const [transposeA, transposeB] of [
        [false, false],
        [true, false],
        [false, true],
        [true, true],
      ] as const) {
        await expectNoLeaks(async () => {
          const a = randomValues([sizeOf(shapeA)], 1);
          const b = randomValues([sizeOf(shapeB)], 2);
          const left = tf.tensor(Float32Array.from(a), transposeA ? turned(shapeA) : shapeA);
          const right = tf.tensor(Float32Array.from(b), transposeB ? turned(shapeB) : shapeB);
          const product = tf.matMul(left, right, transposeA, transposeB);
          const [rows, depth] = shapeA.slice(-2) as [number, number];
          const columns = shapeB.at(-1) as number;
          const [countA, countB] = [sizeOf(shapeA) / rows / depth, sizeOf(shapeB) / depth / columns];
          const count = Math.max(countA, countB);
          const leading = countA >= countB ? shapeA.slice(0, -2) : shapeB.slice(0, -2);
          expect(product.shape).toEqual([...leading, rows, columns]);
          const expected = new Float64Array(count * rows * columns);
          for (let n = 0; n < count; n++) {
            for (let i = 0; i < rows; i++) {
              for (let j = 0; j < columns; j++) {
                let sum = 0;
                for (let k = 0; k < depth; k++) {
                  const one =
                    (countA === 1 ? 0 : n * rows * depth) + (transposeA ? k * rows + i : i * depth + k);
                  const other =
                    (countB === 1 ? 0 : n * depth * columns) + (transposeB ? j * depth + k : k * columns + j);
                  sum += (a[one] as number) * (b[other] as number);
                }
                expected[(n * rows + i) * columns + j] = sum;
              }
            }
          }
          expect(await product.data()).toBeAllClose(expected, { relative: 1e-4, absolute: 1e-4 });
          tf.dispose([left, right, product]);
        });
      }
    });

    it('has a gradient, and runs where whole numbers are multiplied', async () => {
      const a = tf.tensor2d([1, 2, 3, 4], [2, 2]);
      const b = tf.tensor2d([5, 6, 7, 8], [2, 2]);
      const gradient = tf.grad((x) => tf.matMul(x as tf.Tensor2D, b))(a);
      expect(await gradient.array()).toEqual([
        [11, 15],
        [11, 15],
      ]);
      const whole = tf.matMul(tf.cast(a, 'int32'), tf.cast(b, 'int32'));
      expect(await whole.array()).toEqual([
        [19, 22],
        [43, 50],
      ]);
      tf.dispose([a, b, gradient, whole]);
    });

    it('gives its place back', () => {
      const kernel = () => tf.getKernel('BatchMatMul', 'webgpu')?.kernelFunc;
      const ours = kernel();
      registerWebgpuKernels(false);
      const stock = kernel();
      expect(stock).not.toBe(ours);
      registerWebgpuKernels(false);
      expect(kernel()).toBe(stock);
      registerWebgpuKernels();
      expect([stock, ours]).not.toContain(kernel());
    });

    it('is in its place once, however often it is registered', () => {
      registerWebgpuKernels();
      registerWebgpuKernels();
      const names: string[] = [];
      const stop = watchDispatches(({ name }) => names.push(name));
      tf.tidy(() => tf.matMul(tf.ones([2, 3, 4]), tf.ones([2, 4, 5])));
      stop();
      expect(names).toEqual(['matMul batched']);
    });
  },
  { backends: ['webgpu'] },
);
