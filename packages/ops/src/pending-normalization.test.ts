import { checkGradients, describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { batchNormalization } from './batch-normalization.ts';
import { convolution } from './convolution.ts';
import { maxPool } from './max-pool.ts';
import { normalizeInside, type PendingNormalization } from './pending-normalization.ts';
import { valueAndGradients } from './value-and-gradients.ts';

extendExpect();

const variable = (make: () => tf.Tensor): tf.Variable => tf.tidy(() => tf.variable(make()));

const runningStatistics = (channels: number) => ({
  runningMean: variable(() => tf.zeros([channels])),
  runningVariance: variable(() => tf.ones([channels])),
});

const random = <R extends tf.Rank>(shape: tf.ShapeMap[R], seed: number) =>
  tf.randomNormal<R>(shape, 0.5, 1, 'float32', seed);

type Input = tf.Tensor4D | PendingNormalization;

const readers: Readonly<Record<string, (x: Input, filter: tf.Tensor4D) => tf.Tensor4D>> = {
  'a convolution': (x, filter) => convolution(x, filter, { padding: 1 }),
  'a strided convolution': (x, filter) => convolution(x, filter, { stride: 2, padding: 1 }),
  'max pooling': (x) => maxPool(x, { size: 3, stride: 2, padding: 1 }),
};

/** Loss, gradients and running statistics after one pass, with the normalization inside of what reads it or before. */
async function pass(reader: string, inside: boolean, splits: number) {
  const variables = new Map([
    ['x', variable(() => random<tf.Rank.R4>([4, 9, 8, 6], 1))],
    ['filter', variable(() => random<tf.Rank.R4>([3, 3, 6, 5], 2))],
    ['scale', variable(() => random<tf.Rank.R1>([6], 3))],
    ['offset', variable(() => random<tf.Rank.R1>([6], 4))],
  ]);
  const get = <T>(name: string) => variables.get(name) as unknown as T;
  const running = runningStatistics(6);
  const { value, gradients } = valueAndGradients(() => {
    const x = tf.mul<tf.Tensor4D>(get<tf.Tensor4D>('x'), 2);
    const parameters = { scale: get<tf.Tensor1D>('scale'), offset: get<tf.Tensor1D>('offset'), ...running };
    const options = { training: true, relu: true, splits };
    const input = inside
      ? normalizeInside(x, parameters, options)
      : batchNormalization(x, parameters, options);
    const y = (readers[reader] as (typeof readers)[string])(input, get('filter'));
    return tf.sum<tf.Scalar>(tf.square(y));
  }, variables);
  const tensors = { loss: value, ...Object.fromEntries(gradients), ...running };
  const values: Record<string, number[]> = {};
  for (const [name, tensor] of Object.entries(tensors)) values[name] = [...(await tensor.data())];
  tf.dispose([Object.values(tensors), [...variables.values()]]);
  return values;
}

describeBackends('normalizeInside', () => {
  it.each(Object.keys(readers).flatMap((reader) => [1, 2].map((splits) => [reader, splits] as const)))(
    'is batch normalization before %s, to the last bit, in %i splits',
    async (reader, splits) => {
      await expectNoLeaks(async () => {
        const [inside, before] = [await pass(reader, true, splits), await pass(reader, false, splits)];
        expect(Object.keys(inside)).toContain('offset');
        expect(inside).toEqual(before);
      });
    },
  );

  it('has the gradients that differences show', async () => {
    const running = runningStatistics(2);
    await checkGradients(
      (x, filter) => {
        const normalized = normalizeInside(x as tf.Tensor4D, running, { training: true });
        return tf.sum(tf.square(convolution(normalized, filter as tf.Tensor4D)));
      },
      [random<tf.Rank.R4>([2, 3, 3, 2], 1), random<tf.Rank.R4>([2, 2, 2, 3], 2)],
    );
    tf.dispose(Object.values(running));
  });

  it('normalizes by the running statistics outside of training', async () => {
    const x = random<tf.Rank.R4>([1, 4, 4, 2], 1);
    const parameters = {
      runningMean: variable(() => tf.fill([2], 0.25)),
      runningVariance: variable(() => tf.fill([2], 4)),
    };
    const options = { size: 2 };
    const y = maxPool(normalizeInside(x, parameters, { training: false }), options);
    const expected = maxPool(batchNormalization(x, parameters, { training: false }), options);
    await expect(y).toBeAllClose(expected);
    tf.dispose([x, y, expected, Object.values(parameters)]);
  });
});
