import { resnet } from '@pixcon/backbones';
import { ParameterSet, RandomStream } from '@pixcon/core';
import { describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { freezeNetwork, mixed } from './frozen-network.ts';

extendExpect();

const backbone = () => resnet({ block: 'basic', layers: [1], planes: [4], stem: 'small', outputStride: 8 });

/** Batches of 4, 4 and 2 images; a new tensor each time. */
async function* batches() {
  for (const [at, count] of [4, 4, 2].entries()) {
    yield await Promise.resolve(
      tf.randomNormal<tf.Rank.R4>([count, 8, 8, 3], 0.3 * at, 1 + at, 'float32', at + 1),
    );
  }
}

describeBackends('freezeNetwork', () => {
  it('estimates the average of the batches’ statistics, whatever the running ones were', async () => {
    const network = backbone();
    const parameters = ParameterSet.create(network.parameters, new RandomStream(0));
    tf.tidy(() => parameters.get('bn1.running_mean').assign(tf.fill([4], 50)));
    const frozen = await freezeNetwork('test', network, parameters, 'estimated', batches);
    // By hand for the first layer: mean and unbiased variance of what its convolution gives.
    const mean = new Float64Array(4);
    const variance = new Float64Array(4);
    for await (const batch of batches()) {
      const kernel = parameters.get('conv1.weight') as unknown as tf.Tensor4D;
      const map = tf.conv2d(batch, kernel, 1, 'same');
      const values = await map.data();
      const count = values.length / 4;
      for (let channel = 0; channel < 4; channel++) {
        const own = [...values].filter((_, at) => at % 4 === channel);
        const average = own.reduce((sum, value) => sum + value, 0) / count;
        const spread = own.reduce((sum, value) => sum + (value - average) ** 2, 0) / (count - 1);
        mean[channel] = (mean[channel] as number) + (batch.shape[0] * average) / 10;
        variance[channel] = (variance[channel] as number) + (batch.shape[0] * spread) / 10;
      }
      tf.dispose([batch, map]);
    }
    expect(await frozen.parameters.get('bn1.running_mean').data()).toBeAllClose([...mean], {
      absolute: 1e-4,
    });
    expect(await frozen.parameters.get('bn1.running_var').data()).toBeAllClose([...variance], {
      relative: 1e-3,
    });
    expect(frozen.training).toBe(false);
    expect(await parameters.get('bn1.running_mean').data()).toEqual(new Float32Array(4).fill(50));
    frozen.dispose();
    parameters.dispose();
  });

  it('leaves a network alone that has no statistics, or is to keep its own', async () => {
    const network = backbone();
    const parameters = ParameterSet.create(network.parameters, new RandomStream(0));
    const never = () => {
      throw new Error('asked for images');
    };
    const frozen = await freezeNetwork('test', network, parameters, 'running', never);
    expect(frozen.parameters.get('bn1.running_mean')).toBe(parameters.get('bn1.running_mean'));
    await freezeNetwork('test', { ...network, parameters: [] }, parameters, 'estimated', never);
    await expectNoLeaks(async () => {
      (await freezeNetwork('test', network, parameters, 'estimated', batches)).dispose();
      (await freezeNetwork('test', network, parameters, 'batch', batches)).dispose();
    });
    parameters.dispose();
  });
});

it('mixed keeps every index', () => {
  const order = mixed([3, 5, 8, 13]);
  expect([...order].sort((a, b) => a - b)).toEqual([3, 5, 8, 13]);
});
