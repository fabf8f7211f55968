import { describeBackends } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { expectLikeNaive } from '../test/expect-like-naive.ts';
import type { Values } from '../test/naive.ts';
import { linear } from './linear.ts';

function naiveLinear(x: Values, weight: Values, bias: Values | undefined, rows: number): Values {
  const inputs = x.length / rows;
  const outputs = weight.length / inputs;
  return Float64Array.from({ length: rows * outputs }, (_, index) => {
    const row = Math.floor(index / outputs);
    const column = index % outputs;
    let sum = bias?.[column] ?? 0;
    for (let i = 0; i < inputs; i++) {
      sum += (x[row * inputs + i] as number) * (weight[i * outputs + column] as number);
    }
    return sum;
  });
}

describeBackends('linear', () => {
  it.each([
    [1, 1, 1],
    [1, 5, 3],
    [4, 3, 7],
    [9, 8, 1],
  ])('%i rows, %i to %i', async (rows, inputs, outputs) => {
    await expectLikeNaive(
      (x, weight, bias) => linear(x as tf.Tensor2D, weight as tf.Tensor2D, bias as tf.Tensor1D),
      (x, weight, bias) => naiveLinear(x as Values, weight as Values, bias, rows),
      [[rows, inputs], [inputs, outputs], [outputs]],
    );
    await expectLikeNaive(
      (x, weight) => linear(x as tf.Tensor2D, weight as tf.Tensor2D),
      (x, weight) => naiveLinear(x as Values, weight as Values, undefined, rows),
      [
        [rows, inputs],
        [inputs, outputs],
      ],
    );
  });
});

describe('linear checks its input', () => {
  it.each([
    [() => linear(tf.ones([2, 3]), tf.ones([4, 5])), /weight must have shape \[3, any\]/],
    [() => linear(tf.ones([2, 3]), tf.ones([3, 5]), tf.ones([4])), /bias must have shape \[5\]/],
    [() => linear(tf.ones([3]) as unknown as tf.Tensor2D, tf.ones([3, 5])), /x must have shape/],
  ])('%#', (run, message) => expect(run).toThrow(message));
});
