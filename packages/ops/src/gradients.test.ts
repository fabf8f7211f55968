import { checkGradients, describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { gradientTable } from './gradients/index.ts';
import { registerGradients } from './register-gradients.ts';
import { stopGradient } from './stop-gradient.ts';
import { valueAndGradients } from './value-and-gradients.ts';
import { weightedMean } from './weighted-mean.ts';

extendExpect();

const matrix = (rows: number, columns: number, seed: number) =>
  tf.randomUniform<tf.Rank.R2>([rows, columns], 0.5, 2, 'float32', seed);

describeBackends('registerGradients', (backend) => {
  it('gives the tape every gradient of its tables, and replaces none', () => {
    registerGradients();
    const configs = gradientTable();
    const before = configs.map(({ kernelName }) => tf.getGradient(kernelName));
    expect(before.every((config) => config !== undefined)).toBe(true);
    registerGradients();
    expect(configs.map(({ kernelName }) => tf.getGradient(kernelName))).toEqual(before);
  });

  it('takes the place of others only where it is asked to', () => {
    const ours = tf.getGradient('Mod');
    const foreign = { ...ours };
    tf.registerGradient(foreign);
    registerGradients();
    expect(tf.getGradient('Mod')).toBe(foreign);
    registerGradients({ replace: true });
    expect(tf.getGradient('Mod')).toBe(ours);
  });

  it(`runs on ${backend}`, () => expect(tf.getBackend()).toBe(backend));
});

describeBackends('stopGradient', () => {
  it('keeps the values and stops the gradient', async () => {
    const x = tf.tensor1d([1, -2, 3]);
    const [value, product, inner] = tf.tidy(() => [
      stopGradient(x),
      tf.grad((a) => tf.mul(a, stopGradient(a)))(x),
      tf.grad((a) => tf.mul(a, stopGradient(tf.square(a))))(x),
    ]) as [tf.Tensor, tf.Tensor, tf.Tensor];
    await expect(value).toBeAllClose(x);
    await expect(product).toBeAllClose(x);
    await expect(inner).toBeAllClose([1, 4, 9]);
    expect(() => tf.grad((a) => stopGradient(a))(x)).toThrow('Cannot compute gradient');
    tf.dispose([value, product, inner]);
    expectNoLeaks(() => stopGradient(x).dispose());
    x.dispose();
  });

  it('costs one kernel', async () => {
    const x = tf.tensor1d([1, -2, 3]);
    const { kernelNames } = await tf.profile(() => stopGradient(x));
    // The wrapper itself is counted without a name.
    expect(kernelNames.filter(Boolean)).toEqual(['Identity']);
    x.dispose();
  });
});

describeBackends('valueAndGradients', () => {
  it('names the gradients, leaves out what has no influence, and leaks nothing', async () => {
    const a = tf.variable(tf.tensor1d([1, 2]));
    const b = tf.variable(tf.scalar(3));
    const idle = tf.variable(tf.scalar(5), false);
    const variables = new Map<string, tf.Variable>([['a', a], ['b', b], ['idle', idle]]); // biome-ignore format: pairs
    await expectNoLeaks(async () => {
      const { value, gradients } = valueAndGradients(() => weightedMean(tf.mul(tf.square(a), b)), variables);
      await expect(value).toBeAllClose(7.5);
      expect([...gradients.keys()]).toEqual(['a', 'b']);
      await expect(gradients.get('a') as tf.Tensor).toBeAllClose([3, 6]);
      await expect(gradients.get('b') as tf.Tensor).toBeAllClose(2.5);
      tf.dispose([value, ...gradients.values()]);
    });
    tf.dispose([a, b, idle]);
  });

  it('agrees with the engine where tensors are used several times, and frees what it is done with', async () => {
    const a = tf.variable(matrix(8, 8, 10));
    const b = tf.variable(matrix(8, 8, 11));
    // Its gradients are dy itself, the same tensor twice.
    const constant = tf.fill<tf.Rank.R2>([8, 8], 0.5);
    const handOn = tf.customGrad((x, y) => ({
      value: tf.add(x as tf.Tensor, y as tf.Tensor),
      gradFunc: (dy) => [dy, dy],
    }));
    const network = (add: (x: tf.Tensor, y: tf.Tensor) => tf.Tensor) =>
      tf.tidy(() => {
        let x: tf.Tensor = tf.mul(a, constant);
        for (let i = 0; i < 30; i++) x = tf.tanh(add(tf.matMul(x, b), add(x, a)));
        return weightedMean(tf.add(tf.mul(x, x), add(x, x)));
      });
    const deep = () => network(handOn);
    // The engine's own backward pass cannot take such gradients.
    const plain = () => network(tf.add);
    const variables = new Map([['a', a], ['b', b]]); // biome-ignore format: pairs
    const stock = tf.tidy(() => tf.grads(() => plain())([a, b]));
    let ours: tf.Tensor[] = [];
    await expectNoLeaks(async () => {
      const { value, gradients } = valueAndGradients(deep, variables);
      ours = [...gradients.values()].map((gradient) => tf.clone(gradient));
      const expected = deep();
      await expect(value).toBeAllClose(expected);
      await expect(ours[0] as tf.Tensor).toBeAllClose(stock[0] as tf.Tensor);
      await expect(ours[1] as tf.Tensor).toBeAllClose(stock[1] as tf.Tensor);
      tf.dispose([value, expected, ...gradients.values(), ...ours]);
    });

    const peak = async (run: () => void) => {
      const before = tf.memory().numBytes;
      const { peakBytes } = await tf.profile(() => {
        run();
        return tf.scalar(0);
      });
      return peakBytes - before;
    };
    const [least, most] = [
      await peak(() => {
        const { value, gradients } = valueAndGradients(deep, variables);
        tf.dispose([value, ...gradients.values()]);
      }),
      await peak(() => tf.dispose(tf.tidy(() => tf.grads(() => plain())([a, b])))),
    ];
    expect(least).toBeLessThan(0.7 * most);
    tf.dispose([a, b, constant, ...stock]);
  });

  it('leaves alone a tensor from elsewhere that a gradient function gives', async () => {
    const a = tf.variable(tf.tensor1d([1, 2]));
    const slope = tf.tensor1d([3, 5]);
    const linear = tf.customGrad((x) => ({
      value: tf.sum(tf.mul(x as tf.Tensor, slope)),
      gradFunc: () => slope,
    }));
    await expectNoLeaks(async () => {
      const { value, gradients } = valueAndGradients(
        () => linear(tf.clone(a)) as tf.Scalar,
        new Map([['a', a]]),
      );
      await expect(value).toBeAllClose(13);
      await expect(gradients.get('a') as tf.Tensor).toBeAllClose([3, 5]);
      tf.dispose([value, ...gradients.values()]);
    });
    await expect(slope).toBeAllClose([3, 5]);
    tf.dispose([a, slope]);
  });

  it('works inside another differentiation', async () => {
    const a = tf.variable(tf.scalar(3));
    const slope = tf.tidy(() =>
      tf.grad((x) => {
        const { gradients } = valueAndGradients(
          () => tf.mul(tf.mul(a, a), x) as tf.Scalar,
          new Map([['a', a]]),
        );
        return tf.mul(gradients.get('a') as tf.Tensor, x);
      })(tf.scalar(2)),
    );
    // d/dx (2 a x · x) = 4 a x
    await expect(slope).toBeAllClose(24);
    tf.dispose([a, slope]);
  });

  it('names an operation without a gradient', () => {
    const a = tf.variable(tf.tensor1d([1, 2]));
    expectNoLeaks(() => {
      expect(() => valueAndGradients(() => tf.sum(tf.cumprod(a)), new Map([['a', a]]))).toThrow(
        'valueAndGradients: Cumprod has no gradient; use another operation, or stopGradient before it',
      );
    });
    a.dispose();
  });

  it('may return a variable itself, which stays', async () => {
    const a = tf.variable(tf.scalar(3));
    const { value, gradients } = valueAndGradients(() => a as unknown as tf.Scalar, new Map([['a', a]]));
    value.dispose();
    await expect(a).toBeAllClose(3);
    await expect(gradients.get('a') as tf.Tensor).toBeAllClose(1);
    tf.dispose([a, ...gradients.values()]);
  });

  it('frees the tape when the function throws or returns no scalar', () => {
    const a = tf.variable(tf.tensor1d([1, 2]));
    const variables = new Map([['a', a]]);
    expectNoLeaks(() => {
      const failing = () => {
        tf.mul(tf.square(a), a);
        throw new Error('mine');
      };
      expect(() => valueAndGradients(failing, variables)).toThrow('mine');
      expect(() => valueAndGradients(() => tf.square(a) as unknown as tf.Scalar, variables)).toThrow(
        'scalar',
      );
    });
    a.dispose();
  });
});

describeBackends('weightedMean', () => {
  it('weighs', async () => {
    const values = tf.tensor1d([1, 5, 100]);
    const [plain, weighted] = [weightedMean(values), weightedMean(values, tf.tensor1d([3, 1, 0]))];
    await expect(plain).toBeAllClose(106 / 3);
    await expect(weighted).toBeAllClose(2);
    tf.dispose([values, plain, weighted]);
  });

  it('does not depend on the scale of the weights', async () => {
    const values = tf.tensor1d([1, 5, 100]);
    const [a, b] = [
      weightedMean(values, tf.tensor1d([3, 1, 2])),
      weightedMean(values, tf.tensor1d([300, 100, 200])),
    ];
    await expect(a).toBeAllClose(b);
    tf.dispose([values, a, b]);
  });

  it('is 0 without weight, with a gradient of 0', async () => {
    const values = tf.tensor1d([1, 5]);
    const none = tf.zeros<tf.Rank.R1>([2]);
    const [value, gradient] = tf.tidy(() => [
      weightedMean(values, none),
      tf.grad((v) => weightedMean(v, none))(values),
    ]) as [tf.Tensor, tf.Tensor];
    await expect(value).toBeAllClose(0);
    await expect(gradient).toBeAllClose([0, 0]);
    tf.dispose([values, none, value, gradient]);
  });

  it('has the gradient that differences show, none for the weights, and checks shapes', async () => {
    const values = matrix(2, 3, 8);
    const weights = matrix(2, 3, 9);
    await expectNoLeaks(async () => {
      await checkGradients((v) => weightedMean(v), [values]);
      await checkGradients((v) => weightedMean(v, weights), [values]);
    });
    expect(() => tf.grad((w) => weightedMean(values, w))(weights)).toThrow('Cannot compute gradient');
    expect(() => weightedMean(values, tf.ones([3, 2]))).toThrow('weights must have shape [2, 3]');
    tf.dispose([values, weights]);
  });
});
