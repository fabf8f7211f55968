import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { checkGradients, describeBackends, expectNoLeaks, extendExpect } from './index.ts';

extendExpect();

describeBackends('toBeAllClose', () => {
  it('takes tensors, nested arrays and typed arrays', () => {
    const tensor = tf.tensor2d([1, 2, 3, 4], [2, 2]);
    expect(tensor).toBeAllClose([[1, 2], [3, 4]]); // biome-ignore format: two rows
    expect(tensor).toBeAllClose(Float32Array.of(1, 2, 3, 4));
    expect(Float32Array.of(1, 2, 3, 4)).toBeAllClose(tensor);
    expect(tf.scalar(3)).toBeAllClose(3);
    expect(tensor).toBeAllClose([[1.0000009, 2], [3, 4.00004]]); // biome-ignore format: two rows
    tensor.dispose();
  });

  it('refuses what is not close, and says where', () => {
    const actual = tf.tensor2d([1, 2, 3, 5, 6, 7.5], [3, 2]);
    expect(() =>
      expect(actual).toBeAllClose([
        [1, 2],
        [3, 4],
        [6, 7],
      ]),
    ).toThrow(
      // biome-ignore format: rows
      '2 of 6 values differ; the worst is at [1, 1]: got 5, expected 4',
    );
    expect(() => expect(actual).not.toBeAllClose(actual)).toThrow('some value to differ');
    expect(actual).not.toBeAllClose(tf.add(actual, 2e-4));
    expect(actual).toBeAllClose(tf.add(actual, 2e-4), { absolute: 3e-4 });
    expect(actual).toBeAllClose(tf.mul(actual, 1.01), { relative: 0.02 });
    actual.dispose();
  });
});

describe('toBeAllClose', () => {
  it('knows NaN and infinities', () => {
    expect([Number.NaN, Infinity, -Infinity, 0]).toBeAllClose([Number.NaN, Infinity, -Infinity, -0]);
    expect([Number.NaN]).not.toBeAllClose([0]);
    expect([0]).not.toBeAllClose([Number.NaN]);
    expect([Infinity]).not.toBeAllClose([-Infinity]);
    expect([1e30]).not.toBeAllClose([Infinity]);
    expect([Infinity]).not.toBeAllClose([1e30]);
    expect(() => expect([5, Number.NaN, 9]).toBeAllClose([1, 2, 3])).toThrow('worst is at [1]');
  });

  it('refuses other shapes and things that are no numbers', () => {
    expect(() => expect([[1, 2]]).toBeAllClose([1, 2])).toThrow('shapes differ: got [1, 2], expected [2]');
    expect(() => expect([1]).toBeAllClose(Float32Array.of(1, 2))).toThrow('got [1], expected 2 values');
    expect(() => expect([[1], [2, 3]]).toBeAllClose([1])).toThrow('ragged');
    expect(() => expect(['a'] as never).toBeAllClose([1])).toThrow('must be numbers');
    expect([]).toBeAllClose([]);
  });
});

describeBackends('checkGradients', () => {
  it('accepts right gradients and leaves no tensor', () => {
    const x = tf.tensor2d([0.3, -1.2, 0.8, 2], [2, 2]);
    const y = tf.tensor2d([1.5, 0.2, -0.7, 0.4], [2, 2]);
    expectNoLeaks(() => {
      checkGradients((a, b) => tf.mul(tf.matMul(a, b), a), [x, y]);
      checkGradients((a) => tf.sum(tf.square(a)) as tf.Scalar, [x]);
      checkGradients((_unused) => tf.scalar(1), [x]);
    });
    tf.dispose([x, y]);
  });

  it('catches a wrong gradient, a missing one and one that errs only off the sum', () => {
    const x = tf.tensor1d([0.3, -1.2, 0.8]);
    const scaled = tf.customGrad((a) => ({
      value: tf.square(a as tf.Tensor),
      gradFunc: (dy) => tf.mul(dy, tf.mul(a as tf.Tensor, 1.9)),
    }));
    const missing = tf.customGrad((a) => ({
      value: tf.square(a as tf.Tensor),
      gradFunc: (dy) => tf.zerosLike(dy),
    }));
    const reversed = tf.customGrad((a) => ({
      value: tf.mul(a as tf.Tensor, 2),
      gradFunc: (dy) => tf.mul(tf.reverse(dy), 2),
    }));
    expect(() => checkGradients(scaled, [x])).toThrow('input 0 [3]');
    expect(() => checkGradients(missing, [x])).toThrow('3 of 3 values differ');
    expect(() => checkGradients(reversed, [x])).toThrow('values differ');
    x.dispose();
  });
});

describeBackends('expectNoLeaks', () => {
  it('passes what is tidy', async () => {
    expectNoLeaks(() => tf.square(2).dispose());
    await expectNoLeaks(async () => {
      await Promise.resolve();
      tf.square(2).dispose();
    });
  });

  it('catches a leak and a lost tensor, also behind a promise', async () => {
    const kept = tf.scalar(1);
    let leaked: tf.Tensor | undefined;
    expect(() =>
      expectNoLeaks(() => {
        leaked = tf.square(kept);
      }),
    ).toThrow('1 more tensor');
    leaked?.dispose();
    await expect(
      expectNoLeaks(async () => {
        await Promise.resolve();
        leaked = tf.square(kept);
      }),
    ).rejects.toThrow('1 more tensor');
    leaked?.dispose();
    expect(() => expectNoLeaks(() => kept.dispose())).toThrow('disposed');
  });
});
