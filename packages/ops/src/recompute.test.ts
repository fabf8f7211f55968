import { describeBackends, expectNoLeaks } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { batchNormalization } from './batch-normalization.ts';
import { convolution } from './convolution.ts';
import { recompute } from './recompute.ts';
import { valueAndGradients } from './value-and-gradients.ts';

/** Convolution, batch normalization and ReLU, twice: `[2, 5, 5, 3]` → `[2, 5, 5, 3]`. */
function makeBlock() {
  const random = (shape: number[], seed: number) => () => tf.randomNormal(shape, 0, 1, 'float32', seed);
  const toVariable = (value: () => tf.Tensor, trainable = true) =>
    tf.tidy(() => tf.variable(value(), trainable));
  const variables = new Map<string, tf.Variable>();
  const buffers: tf.Variable[] = [];
  const units = [0, 1].map((unit) => {
    const make = (name: string, value: () => tf.Tensor) => {
      const variable = toVariable(value);
      variables.set(`${unit}.${name}`, variable);
      return variable;
    };
    const runningMean = toVariable(() => tf.zeros([3]), false);
    const runningVariance = toVariable(() => tf.ones([3]), false);
    buffers.push(runningMean, runningVariance);
    const filter = make('filter', random([3, 3, 3, 3], unit + 1));
    const scale = make('scale', random([3], unit + 3)) as unknown as tf.Tensor1D;
    const offset = make('offset', random([3], unit + 5)) as unknown as tf.Tensor1D;
    return { filter, parameters: { scale, offset, runningMean, runningVariance } };
  });
  const apply = (x: tf.Tensor4D): tf.Tensor4D =>
    units.reduce(
      (y, { filter, parameters }) =>
        batchNormalization(convolution(y, filter as unknown as tf.Tensor4D, { padding: 1 }), parameters, {
          training: true,
          relu: true,
        }),
      x,
    );
  return {
    apply,
    variables,
    buffers,
    dispose: () => tf.dispose([[...variables.values()], buffers]),
  };
}

/** Values, gradients and running statistics after one pass. */
async function outcome(again: boolean): Promise<number[][]> {
  const block = makeBlock();
  const images = tf.variable(tf.randomNormal([2, 5, 5, 3], 0, 1, 'float32', 9)) as tf.Variable<tf.Rank.R4>;
  const results = tf.tidy(() => {
    const all = new Map<string, tf.Variable>([['images', images], ...block.variables]);
    const { value, gradients } = valueAndGradients(() => {
      const x = images as unknown as tf.Tensor4D;
      const y = again ? recompute(block.apply, x, [...block.variables.values()]) : block.apply(x);
      // The input once more, so that its gradient has two parts.
      return tf.sum(tf.mul(tf.square(y), images)) as tf.Scalar;
    }, all);
    const named = [...gradients].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, gradient]) => gradient);
    return [value, ...named];
  });
  const numbers = await Promise.all(
    [...results, ...block.buffers].map(async (tensor) => [...(await tensor.data())]),
  );
  tf.dispose([results, images]);
  block.dispose();
  return numbers;
}

describeBackends('recompute', () => {
  it('has the values, gradients and running statistics of the function itself, to the last bit', async () => {
    const plain = await outcome(false);
    expect(plain).toHaveLength(1 + 7 + 4);
    expect(await outcome(true)).toEqual(plain);
  });

  it('keeps nothing of the function for the backward pass', () => {
    const block = makeBlock();
    const x = tf.randomNormal<tf.Rank.R4>([2, 5, 5, 3]);
    const held = (f: (x: tf.Tensor4D) => tf.Tensor4D): number => {
      const before = tf.memory().numDataBuffers;
      let during = 0;
      const { value, gradients } = valueAndGradients(() => {
        const y = tf.tidy(() => f(x));
        during = tf.memory().numDataBuffers - before;
        return tf.sum(y) as tf.Scalar;
      }, block.variables);
      tf.dispose([value, [...gradients.values()]]);
      return during;
    };
    expect(held((x) => recompute(block.apply, x, [...block.variables.values()]))).toBeLessThanOrEqual(2);
    expect(held(block.apply)).toBeGreaterThan(5);
    tf.dispose(x);
    block.dispose();
  });

  it('works inside the differentiation of tfjs, leaks nothing, and without a gradient just computes', async () => {
    const block = makeBlock();
    const x = tf.randomNormal<tf.Rank.R4>([2, 5, 5, 3], 0, 1, 'float32', 9);
    const f = (x: tf.Tensor4D) => tf.sum(tf.square(recompute(block.apply, x, [...block.variables.values()])));
    await expectNoLeaks(async () => {
      const gradient = tf.grad(f as (x: tf.Tensor) => tf.Tensor)(x);
      const plain = tf.grad(((x: tf.Tensor4D) => tf.sum(tf.square(block.apply(x)))) as (
        x: tf.Tensor,
      ) => tf.Tensor)(x);
      expect([...(await gradient.data())]).toEqual([...(await plain.data())]);
      const value = tf.tidy(() => f(x));
      tf.dispose([gradient, plain, value]);
    });
    tf.dispose(x);
    block.dispose();
  });
});
