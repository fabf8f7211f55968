import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { allClose, checkGradients, describeBackends, expectNoLeaks, extendExpect } from './index.ts';

extendExpect();

describeBackends('toBeAllClose', () => {
  it('takes tensors, nested arrays and typed arrays', async () => {
    const tensor = tf.tensor2d([1, 2, 3, 4], [2, 2]);
    await expect(tensor).toBeAllClose([[1, 2], [3, 4]]); // biome-ignore format: two rows
    await expect(tensor).toBeAllClose(Float32Array.of(1, 2, 3, 4));
    await expect(Float32Array.of(1, 2, 3, 4)).toBeAllClose(tensor);
    await expect(tf.scalar(3)).toBeAllClose(3);
    await expect(tensor).toBeAllClose([[1.0000009, 2], [3, 4.00004]]); // biome-ignore format: two rows
    tensor.dispose();
  });

  it('refuses what is not close, and says where', async () => {
    const actual = tf.tensor2d([1, 2, 3, 5, 6, 7.5], [3, 2]);
    const expected = [[1, 2], [3, 4], [6, 7]]; // biome-ignore format: rows
    await expect(async () => await expect(actual).toBeAllClose(expected)).rejects.toThrow(
      '2 of 6 values differ; the worst is at [1, 1]: got 5, expected 4',
    );
    await expect(async () => await expect(actual).not.toBeAllClose(actual)).rejects.toThrow(
      'some value to differ',
    );
    expect((await allClose(actual, expected)).pass).toBe(false);
    expect((await allClose(actual, actual)).pass).toBe(true);
    await expect(actual).not.toBeAllClose(tf.add(actual, 2e-4));
    await expect(actual).toBeAllClose(tf.add(actual, 2e-4), { absolute: 3e-4 });
    await expect(actual).toBeAllClose(tf.mul(actual, 1.01), { relative: 0.02 });
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
  it('accepts right gradients and leaves no tensor', async () => {
    const x = tf.tensor2d([0.3, -1.2, 0.8, 2], [2, 2]);
    const y = tf.tensor2d([1.5, 0.2, -0.7, 0.4], [2, 2]);
    await expectNoLeaks(async () => {
      await checkGradients((a, b) => tf.mul(tf.matMul(a, b), a), [x, y]);
      await checkGradients((a) => tf.sum(tf.square(a)) as tf.Scalar, [x]);
      await checkGradients((_unused) => tf.scalar(1), [x]);
      await checkGradients((a) => a, [x]);
    });
    tf.dispose([x, y]);
  });

  it('catches a wrong gradient, a missing one and one that errs only off the sum', async () => {
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
    await expectNoLeaks(async () => {
      await expect(checkGradients(scaled, [x])).rejects.toThrow('input 0 [3]');
      await expect(checkGradients(missing, [x])).rejects.toThrow('3 of 3 values differ');
      await expect(checkGradients(reversed, [x])).rejects.toThrow('values differ');
    });
    x.dispose();
  });

  it('finds the error of one element among many', async () => {
    const x = tf.randomNormal([70], 0, 1, 'float32', 1);
    const mask = tf.reshape(tf.oneHot(tf.tensor1d([66], 'int32'), 70), [70]);
    const wrongAt66 = tf.customGrad((a) => ({
      value: tf.square(a as tf.Tensor),
      gradFunc: (dy) => tf.mul(dy, tf.add(tf.mul(a as tf.Tensor, 2), mask)),
    }));
    await expect(checkGradients(wrongAt66, [x])).rejects.toThrow(
      '1 of 70 values differ; the worst is at [66]',
    );
    await checkGradients((a) => tf.square(a), [x]);
    tf.dispose([x, mask]);
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

describe('an assertion that is not awaited', () => {
  const late = async () => void (await Promise.resolve());
  it.fails('toBeAllClose', () => {
    void expect(tf.scalar(1)).toBeAllClose(1);
  });
  it.fails('checkGradients', () => {
    void checkGradients((x) => x, [tf.scalar(1)]);
  });
  it.fails('expectNoLeaks', () => {
    void expectNoLeaks(late);
  });
});

describeBackends(
  'an error of the device',
  () => {
    it.fails('fails the test', async () => {
      const { device } = tf.backend() as unknown as { device: { createShaderModule(code: object): void } };
      device.createShaderModule({ code: 'fn main( {' });
      await tf.square(2).data();
    });
    it('concerns no other test', async () => await expect(tf.square(2)).toBeAllClose(4));
  },
  { backends: ['webgpu'] },
);
