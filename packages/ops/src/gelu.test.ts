import { checkGradients, describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { gelu } from './gelu.ts';

extendExpect();

describeBackends('gelu', () => {
  it('is PyTorch’s exact form', async () => {
    // torch.nn.functional.gelu in float64.
    const x = [-6, -3, -1, -0.5, 0, 0.3, 1, 2.5, 8];
    const y = [
      -5.919526e-9, -0.0040496941, -0.158655254, -0.1542687694, 0, 0.1853734267, 0.8413447461, 2.4844758367,
      8,
    ];
    await expect(gelu(tf.tensor1d(x))).toBeAllClose(y, { absolute: 1e-6 });
  });

  it('has the gradient that differences show, and leaks nothing', async () => {
    const x = tf.tensor2d([[-2, -0.7, -0.1], [0, 0.4, 3]]); // biome-ignore format: rows
    await checkGradients((x) => gelu(x), [x]);
    expectNoLeaks(() => gelu(x).dispose());
    x.dispose();
  });
});
