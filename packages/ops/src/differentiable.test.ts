import { describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { differentiable } from './differentiable.ts';

extendExpect();

/** factor · x², with its gradient; `inspect` sees what was saved as the backward pass comes by. */
function square(x: tf.Tensor, inspect?: (saved: tf.Tensor[]) => void): tf.Tensor {
  return differentiable(
    { x },
    (save) => {
      save(x);
      return tf.mul(x, x);
    },
    (dy, saved) => {
      inspect?.(saved);
      const [x] = saved as [tf.Tensor];
      return {
        x: () =>
          differentiable(
            { dy, x },
            (save) => {
              save(dy, x);
              return tf.mul(tf.mul(dy, x), 2);
            },
            (ddx, [dy, x]) => ({
              dy: () => tf.mul(tf.mul(ddx, x as tf.Tensor), 2),
              x: () => tf.mul(tf.mul(ddx, dy as tf.Tensor), 2),
            }),
          ),
      };
    },
  );
}

describeBackends('differentiable', () => {
  it('frees what was saved as soon as the backward pass is past it', async () => {
    await expectNoLeaks(async () => {
      const x = tf.tensor1d([0.5, -1.5]);
      const seen: tf.Tensor[] = [];
      const alive: number[] = [];
      const inspect = (saved: tf.Tensor[]) => {
        seen.push(...saved);
        alive.push(seen.filter((tensor) => !tensor.isDisposed).length);
      };
      const gradient = tf.grad((x) => square(square(square(x, inspect), inspect), inspect))(x);
      expect(alive).toEqual([1, 1, 1]);
      await expect(gradient).toBeAllClose([8 * 0.5 ** 7, 8 * (-1.5) ** 7]);
      tf.dispose([x, gradient]);
    });
  });

  it('keeps it for a second derivative', async () => {
    await expectNoLeaks(async () => {
      const x = tf.tensor1d([0.5, -1.5]);
      const second = tf.grad((x) => tf.grad((x) => square(square(x)))(x))(x);
      await expect(second).toBeAllClose([12 * 0.5 ** 2, 12 * 1.5 ** 2]);
      tf.dispose([x, second]);
    });
  });

  it('computes only the gradients that are asked for', async () => {
    await expectNoLeaks(async () => {
      const calls: string[] = [];
      const product = (a: tf.Tensor, b: tf.Tensor) =>
        differentiable(
          { a, b },
          (save) => {
            save(a, b);
            return tf.mul(a, b);
          },
          (dy, [a, b]) => ({
            a: () => {
              calls.push('a');
              return tf.mul(dy, b as tf.Tensor);
            },
            b: () => {
              calls.push('b');
              return tf.mul(dy, a as tf.Tensor);
            },
          }),
        );
      const a = tf.tensor1d([1, 2]);
      const b = tf.tensor1d([3, 4]);
      const gradient = tf.grad((b) => product(a, b))(b);
      expect(calls).toEqual(['b']);
      await expect(gradient).toBeAllClose([1, 2]);
      tf.dispose([a, b, gradient]);
    });
  });
});
