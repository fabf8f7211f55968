import { describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { randomValues } from '../../../test/expect-like-naive.ts';
import { registerWasmKernels } from './register-wasm-kernels.ts';

extendExpect();

interface Case {
  readonly kernel: string;
  readonly what: string;
  readonly inputs: Record<
    string,
    { shape: number[]; values?: number[]; dtype?: tf.DataType; shift?: number }
  >;
  readonly attributes: Record<string, unknown>;
}

const cases: Case[] = [
  ...(
    [
      ['same', [1, 1], [2, 5, 6, 3], [3, 3, 3, 4], [2, 5, 6, 4]],
      ['same', [2, 2], [2, 5, 6, 3], [3, 3, 3, 4], [2, 3, 3, 4]],
      ['same', [2, 2], [1, 8, 8, 2], [7, 7, 2, 3], [1, 4, 4, 3]],
      ['valid', [1, 2], [2, 5, 7, 3], [3, 2, 3, 2], [2, 3, 3, 2]],
      ['valid', [1, 1], [1, 4, 3, 5], [1, 1, 5, 1], [1, 4, 3, 1]],
      [
        [
          [0, 0],
          [1, 0],
          [2, 1],
          [0, 0],
        ],
        [1, 1],
        [1, 4, 4, 2],
        [2, 3, 2, 2],
        [1, 4, 5, 2],
      ],
      // More positions than go into one matrix product.
      ['same', [1, 1], [3, 24, 24, 2], [3, 3, 2, 3], [3, 24, 24, 3]],
    ] as const
  ).map(([pad, strides, x, filterShape, dy]) => ({
    kernel: 'Conv2DBackpropFilter',
    what: `${JSON.stringify(pad)}, strides ${strides}, ${filterShape}`,
    inputs: { x: { shape: [...x] }, dy: { shape: [...dy] } },
    attributes: { strides, pad, dataFormat: 'NHWC', filterShape },
  })),
  ...(
    [
      ['same', [1, 1], [2, 5, 6, 3], [3, 3, 3, 2], [2, 5, 6, 6]],
      ['same', [2, 2], [1, 6, 5, 2], [3, 3, 2, 1], [1, 3, 3, 2]],
      ['valid', [2, 1], [2, 5, 5, 2], [2, 3, 2, 3], [2, 2, 3, 6]],
    ] as const
  ).flatMap(([pad, strides, x, filter, dy]) => [
    {
      kernel: 'DepthwiseConv2dNativeBackpropFilter',
      what: `${pad}, strides ${strides}`,
      inputs: { x: { shape: [...x] }, dy: { shape: [...dy] } },
      attributes: { strides, dilations: [1, 1], pad, filterShape: filter },
    },
    {
      kernel: 'DepthwiseConv2dNativeBackpropInput',
      what: `${pad}, strides ${strides}`,
      inputs: { dy: { shape: [...dy] }, filter: { shape: [...filter] } },
      attributes: { strides, dilations: [1, 1], pad, inputShape: x },
    },
  ]),
  ...[[5], [5, 3], [5, 2, 3]].map((shape) => ({
    kernel: 'UnsortedSegmentSum',
    what: `of ${JSON.stringify(shape)}, an id left out and one beyond the end`,
    inputs: {
      x: { shape },
      segmentIds: { shape: [5], values: [2, 0, 2, 7, 3], dtype: 'int32' as const },
    },
    attributes: { numSegments: 4 },
  })),
];

/** Runs a case on the current backend. */
async function run({ kernel, inputs, attributes }: Case) {
  const result = tf.tidy(() => {
    const tensors = Object.fromEntries(
      Object.entries(inputs).map(([name, { shape, values, dtype = 'float32' }], i) => [
        name,
        tf.tensor(values ?? Float32Array.from(randomValues(shape, i)), shape, dtype),
      ]),
    );
    return tf.engine().runKernel<tf.Tensor>(kernel, tensors, attributes as tf.NamedAttrMap);
  });
  const values = (await result.data<'float32'>()).slice();
  result.dispose();
  return { values, shape: result.shape, dtype: result.dtype };
}

describeBackends(
  'registerWasmKernels',
  () => {
    const expected = new Map<Case, Awaited<ReturnType<typeof run>>>();

    beforeAll(async () => {
      await import('@tensorflow/tfjs-backend-cpu');
      await tf.setBackend('cpu');
      for (const entry of cases) expected.set(entry, await run(entry));
      await tf.setBackend('wasm');
      registerWasmKernels();
    });

    it.each(cases)('$kernel: $what', async (entry) => {
      await expectNoLeaks(async () => {
        const { values, shape, dtype } = expected.get(entry) as Awaited<ReturnType<typeof run>>;
        const result = await run(entry);
        expect(result.shape).toEqual(shape);
        expect(result.dtype).toBe(dtype);
        expect(result.values).toBeAllClose(values, { relative: 1e-4, absolute: 1e-4 });
      });
    });

    it('adds up int32 segments as int32', async () => {
      const sum = tf.tidy(() =>
        tf.unsortedSegmentSum(tf.tensor1d([1, 2, 4], 'int32'), tf.tensor1d([1, 0, 1], 'int32'), 2),
      );
      expect(sum.dtype).toBe('int32');
      await expect(sum).toBeAllClose([2, 5]);
      sum.dispose();
    });

    it.each(['same', 'valid'] as const)(
      'MaxPoolGrad keeps gradients of negative maxima (%s)',
      async (pad) => {
        const dx = tf.tidy(() => {
          const x = tf.tensor4d([-4, -3, -9, -8, -5, -6, -7, -2, -1], [1, 3, 3, 1]);
          const y = tf.maxPool(x, 2, 1, pad);
          return tf
            .engine()
            .runKernel<tf.Tensor>(
              'MaxPoolGrad',
              { dy: tf.onesLike(y), input: x, output: y },
              { filterSize: [2, 2], strides: [1, 1], pad },
            );
        });
        const wanted = pad === 'valid' ? [0, 2, 0, 0, 0, 0, 0, 1, 1] : [0, 2, 0, 0, 0, 1, 0, 2, 4];
        expect(await dx.data()).toBeAllClose(wanted);
        dx.dispose();
      },
    );

    it('may be called twice, and keeps what is there', () => {
      const before = tf.getKernelsForBackend('wasm');
      registerWasmKernels();
      const after = new Set(tf.getKernelsForBackend('wasm'));
      expect(before.every((config) => after.has(config))).toBe(true);
      expect(after.size).toBe(before.length);
    });

    it('refuses NCHW rather than compute nonsense', () => {
      const shape = [1, 2, 4, 4];
      expect(() =>
        tf.tidy(() =>
          tf
            .engine()
            .runKernel(
              'Conv2DBackpropFilter',
              { x: tf.ones(shape), dy: tf.ones(shape) },
              { strides: [1, 1], pad: 'same', dataFormat: 'NCHW', filterShape: [1, 1, 2, 2] },
            ),
        ),
      ).toThrow(/NHWC/);
    });
  },
  { backends: ['wasm'] },
);
