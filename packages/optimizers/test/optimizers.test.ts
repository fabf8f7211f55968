import { type Optimizer, ParameterSet, type ParameterSpec, RandomStream } from '@pixcon/core';
import { describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { lars, sgd } from '../src/index.ts';

extendExpect();

const spec = (name: string, role: ParameterSpec['role'], values: number[]): ParameterSpec => ({
  name,
  role,
  shape: [values.length],
  layout: 'vector',
  initialize: (_, index) => values[index] as number,
});

const network = () =>
  ParameterSet.create(
    [
      spec('weight', 'weight', [0.5, -1, 2, 0.25]),
      spec('bias', 'bias', [0.1, -0.2]),
      spec('scale', 'normalization', [0.1, -0.2]),
      spec('running_mean', 'buffer', [3]),
    ],
    new RandomStream(0),
  );

/** The gradients of step k, which both PyTorch runs below had, too. */
const gradientsAt = (step: number) =>
  new Map<string, tf.Tensor>([
    ['weight', tf.mul([0.1, -0.2, 0.3, 0.4], step + 1)],
    ['bias', tf.div([-1, 0.5], step + 1)],
    ['scale', tf.div([-1, 0.5], step + 1)],
  ]);

function run(optimizer: Optimizer, parameters: ParameterSet, from: number, to: number, base: number): void {
  for (let step = from; step < to; step++) {
    const gradients = gradientsAt(step);
    optimizer.update(parameters, gradients, base / (step + 1));
    tf.dispose([...gradients.values()]);
  }
}

describeBackends('sgd', () => {
  it('follows torch.optim.SGD over four steps', async () => {
    // torch 2.13 in float64: lr 0.1 / (k + 1), momentum 0.9, weight_decay 0.01.
    const [optimizer, parameters] = [sgd({ weightDecay: 0.01 }), network()];
    run(optimizer, parameters, 0, 4, 0.1);
    await expect(parameters.get('weight')).toBeAllClose(
      Float32Array.of(0.4323568576, -0.8647137153, 1.7952154332, -0.0140795805),
    );
    for (const name of ['bias', 'scale']) {
      await expect(parameters.get(name)).toBeAllClose(Float32Array.of(0.3645892008, -0.3317380585));
      await expect(optimizer.state().get(name) as tf.Tensor).toBeAllClose(
        Float32Array.of(-1.6759971218, 0.8328481856),
      );
    }
    await expect(optimizer.state().get('weight') as tf.Tensor).toBeAllClose(
      Float32Array.of(0.9213346245, -1.842669249, 2.7811717913, 3.6252507855),
    );
    await expect(parameters.get('running_mean')).toBeAllClose(Float32Array.of(3));
    expect([...optimizer.state().keys()]).toEqual(['weight', 'bias', 'scale']);
    parameters.dispose();
    optimizer.dispose();
  });

  it('prepares a state that changes no results', async () => {
    const [optimizer, parameters] = [sgd({ weightDecay: 0.01 }), network()];
    optimizer.prepare?.(parameters);
    expect([...optimizer.state().keys()]).toEqual(['weight', 'bias', 'scale']);
    run(optimizer, parameters, 0, 2, 0.1);
    optimizer.prepare?.(parameters);
    run(optimizer, parameters, 2, 4, 0.1);
    await expect(parameters.get('weight')).toBeAllClose(
      Float32Array.of(0.4323568576, -0.8647137153, 1.7952154332, -0.0140795805),
    );
    const plain = sgd({ momentum: 0 });
    plain.prepare?.(parameters);
    expect(plain.state().size).toBe(0);
    parameters.dispose();
    optimizer.dispose();
  });

  it('takes gradients in parts, which move the parameters as their sum would', async () => {
    const [optimizer, parameters] = [sgd({ weightDecay: 0.01 }), network()];
    for (let step = 0; step < 4; step++) {
      const gradients = gradientsAt(step);
      const bias = gradients.get('bias') as tf.Tensor;
      const part = (share: number, names: readonly string[]) =>
        new Map(names.map((name) => [name, tf.mul(gradients.get(name) as tf.Tensor, share)]));
      optimizer.prepare?.(parameters);
      optimizer.accumulate?.(parameters, part(0.25, ['weight', 'scale']));
      optimizer.accumulate?.(parameters, part(0.25, ['weight']));
      const last = new Map([...part(0.5, ['weight']), ...part(0.75, ['scale']), ['bias', bias]]);
      optimizer.update(parameters, last, 0.1 / (step + 1));
    }
    await expect(parameters.get('weight')).toBeAllClose(
      Float32Array.of(0.4323568576, -0.8647137153, 1.7952154332, -0.0140795805),
    );
    for (const name of ['bias', 'scale']) {
      await expect(parameters.get(name)).toBeAllClose(Float32Array.of(0.3645892008, -0.3317380585));
    }
    expect([...optimizer.state().keys()]).toEqual(['weight', 'bias', 'scale']);
    expect(() => optimizer.accumulate?.(parameters, new Map([['mystery', tf.scalar(1)]]))).toThrow(/mystery/);
    expect(sgd({ momentum: 0 }).accumulate).toBeUndefined();
  });

  it('without momentum is plain descent, and keeps no state', async () => {
    const [optimizer, parameters] = [sgd({ momentum: 0, weightDecay: 0.5 }), network()];
    optimizer.update(parameters, new Map([['bias', tf.tensor1d([1, 2])]]), 0.1);
    optimizer.update(parameters, new Map([['bias', tf.tensor1d([1, 2])]]), 0.1);
    const twice = [0.1, -0.2].map((w, i) => [0, 1].reduce((now) => now - 0.1 * (i + 1 + 0.5 * now), w));
    await expect(parameters.get('bias')).toBeAllClose(Float32Array.from(twice));
    expect(optimizer.state().size).toBe(0);
  });
});

describeBackends('lars', () => {
  it('follows mmselfsup’s LARS over four steps', async () => {
    // Its rule run by torch 2.13 in float64: lr 2 / (k + 1), momentum 0.9, weight_decay 0.01, eta 0.02.
    const [optimizer, parameters] = [lars({ weightDecay: 0.01, trustCoefficient: 0.02 }), network()];
    run(optimizer, parameters, 0, 4, 2);
    await expect(parameters.get('weight')).toBeAllClose(
      Float32Array.of(0.4058094525, -0.811618905, 1.7139014758, -0.1144181039),
    );
    for (const name of ['bias', 'scale']) {
      await expect(parameters.get(name)).toBeAllClose(Float32Array.of(8.8802222222, -4.5901111111));
      await expect(optimizer.state().get(name) as tf.Tensor).toBeAllClose(Float32Array.of(-2.188, 1.094));
    }
    await expect(optimizer.state().get('weight') as tf.Tensor).toBeAllClose(
      Float32Array.of(0.0274363743, -0.0548727486, 0.08318247, 0.1066887826),
    );
  });

  it('makes steps of one relative size, whatever the scale of the gradient', async () => {
    for (const scale of [1e-3, 1, 1e3]) {
      const [optimizer, parameters] = [lars({ weightDecay: 0, momentum: 0 }), network()];
      optimizer.update(parameters, new Map([['weight', tf.mul([0.3, 0.1, -2, 1], scale)]]), 1);
      const moved = (await tf.norm(tf.sub(parameters.get('weight'), [0.5, -1, 2, 0.25])).data())[0] as number;
      expect(moved / Math.hypot(0.5, 1, 2, 0.25)).toBeCloseTo(0.001, 6);
    }
  });

  it('takes plain steps where a norm is zero', async () => {
    const [optimizer, parameters] = [lars({ weightDecay: 0.1 }), network()];
    optimizer.update(parameters, new Map([['weight', tf.zeros([4])]]), 1);
    await expect(parameters.get('weight')).toBeAllClose(Float32Array.of(0.45, -0.9, 1.8, 0.225));
    parameters.get('weight').assign(tf.zeros([4]));
    const fresh = lars();
    fresh.update(parameters, new Map([['weight', tf.ones([4])]]), 0.5);
    await expect(parameters.get('weight')).toBeAllClose(new Float32Array(4).fill(-0.5));
  });
});

describeBackends('every optimizer', () => {
  it.each([
    ['sgd', () => sgd()],
    ['lars', () => lars()],
  ])('%s goes on from restored state as if it had never stopped', async (_, make) => {
    const [whole, parameters] = [make(), network()];
    run(whole, parameters, 0, 5, 0.3);
    const [first, resumed] = [make(), network()];
    run(first, resumed, 0, 2, 0.3);
    const second = make();
    second.restore(first.state());
    first.dispose();
    second.restore(second.state());
    run(second, resumed, 2, 5, 0.3);
    for (const [name, variable] of parameters.entries()) {
      expect(await resumed.get(name).data()).toEqual(await variable.data());
    }
  });

  it.each([
    ['sgd', () => sgd()],
    ['lars', () => lars()],
  ])('%s leaks nothing and leaves gradients to the caller', (_, make) => {
    const parameters = network();
    expectNoLeaks(() => {
      const optimizer = make();
      run(optimizer, parameters, 0, 1, 0.1);
      const before = tf.memory().numTensors;
      run(optimizer, parameters, 1, 3, 0.1);
      optimizer.restore(optimizer.state());
      expect(tf.memory().numTensors).toBe(before);
      optimizer.dispose();
    });
    parameters.dispose();
  });

  it('refuses gradients of strangers, buffers and other shapes', () => {
    const parameters = network();
    const update = (name: string, gradient: tf.Tensor) => () =>
      sgd().update(parameters, new Map([[name, gradient]]), 0.1);
    expect(update('head.weight', tf.zeros([1]))).toThrow('no trainable parameter is named head.weight');
    expect(update('running_mean', tf.zeros([1]))).toThrow('no trainable parameter is named running_mean');
    expect(update('bias', tf.zeros([3]))).toThrow('must have shape [2], got [3]');
    expect(() => sgd().update(parameters, new Map(), -1)).toThrow('learningRate must be');
    parameters.dispose();
  });
});

describe('options', () => {
  it('are recorded with their defaults, and checked', () => {
    expect([sgd().name, sgd().settings]).toEqual(['sgd', { momentum: 0.9, weightDecay: 1e-4 }]);
    expect([lars().name, lars({ weightDecay: 0 }).settings]).toEqual([
      'lars',
      { momentum: 0.9, weightDecay: 0, trustCoefficient: 0.001, epsilon: 1e-8 },
    ]);
    expect(() => sgd({ momentum: -0.1 })).toThrow('momentum must be');
    expect(() => sgd({ weightDecay: Number.NaN })).toThrow('weightDecay must be');
    expect(() => lars({ trustCoefficient: 0 })).toThrow('trustCoefficient must be');
  });
});
