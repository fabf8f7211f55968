import { RandomStream } from '@pixcon/core';
import { expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { naiveGradients, type Shape, sizeOf, type Values } from './naive.ts';

extendExpect();

/** Normal values that float32 holds exactly, so that both sides see the same numbers. */
export function randomValues(shape: Shape, seed: number): Values {
  const random = new RandomStream(seed);
  return Float64Array.from({ length: sizeOf(shape) }, () => Math.fround(random.normal()));
}

/**
 * Holds an operation's result and all its gradients against loops in double precision, inside and outside of a
 * tape, and counts tensors.
 */
export async function expectLikeNaive(
  operation: (...inputs: tf.Tensor[]) => tf.Tensor,
  naive: (...inputs: Values[]) => Values,
  shapes: readonly Shape[],
  { relative = 1e-4, absolute = 1e-4, seed = 1 } = {},
): Promise<void> {
  const values = shapes.map((shape, i) => randomValues(shape, seed + i));
  const expected = naive(...values);
  const weights = randomValues([expected.length], seed + 100);
  const expectedGradients = naiveGradients(naive, values, weights);
  await expectNoLeaks(async () => {
    const inputs = values.map((input, i) => tf.tensor(Float32Array.from(input), [...(shapes[i] as Shape)]));
    let result: tf.Tensor | undefined;
    await expectNoLeaks(async () => {
      result = operation(...inputs);
      expect(await result.data()).toBeAllClose(expected, { relative, absolute });
      result.dispose();
    });
    const dy = tf.tensor(Float32Array.from(weights), (result as tf.Tensor).shape);
    let gradients: tf.Tensor[] = [];
    gradients = tf.grads(operation)(inputs, dy);
    for (const [i, gradient] of gradients.entries()) {
      expect(gradient.shape).toEqual(shapes[i]);
      expect(await gradient.data()).toBeAllClose(expectedGradients[i] as Values, { relative, absolute });
    }
    // The inputs are as they were.
    for (const [i, input] of inputs.entries()) {
      expect(await input.data()).toBeAllClose(values[i] as Values, { relative: 0, absolute: 0 });
    }
    tf.dispose([inputs, dy, gradients]);
  });
}
