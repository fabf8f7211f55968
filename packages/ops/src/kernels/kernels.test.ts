import { describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { randomValues } from '../../test/expect-like-naive.ts';
import type { Shape } from '../../test/naive.ts';
import { kernels } from './kernels.ts';
import { referenceKernels } from './reference/reference-kernels.ts';
import type { Kernels } from './types.ts';

extendExpect();

const random = (shape: Shape, seed: number): tf.Tensor =>
  tf.tensor(Float32Array.from(randomValues(shape, seed)), [...shape]);
const random1 = (size: number, seed: number) => random([size], seed) as tf.Tensor1D;
const random2 = (shape: Shape, seed: number) => random(shape, seed) as tf.Tensor2D;
const random4 = (shape: Shape, seed: number) => random(shape, seed) as tf.Tensor4D;

/** Runs a table's kernels on inputs that are large enough for tiles, chunks and vector tails to show. */
const cases: Record<string, (table: Kernels) => tf.Tensor[]> = {};

const convolutions: [string, [number, number, number], [number, number, number], number, number][] = [
  ['3×3', [40, 33, 17], [3, 3, 21], 1, 1],
  ['3×3 stride 2', [40, 33, 17], [3, 3, 21], 2, 1],
  ['7×7 stride 2', [64, 48, 3], [7, 7, 32], 2, 3],
  ['1×1', [40, 33, 40], [1, 1, 19], 1, 0],
  ['1×1 stride 2', [40, 33, 40], [1, 1, 19], 2, 0],
  ['4×4 stride 4', [40, 32, 3], [4, 4, 8], 4, 0],
  // Filters larger than what they see, as in deep layers.
  ['3×3, 40 positions, 41 outputs', [5, 4, 7], [3, 3, 41], 1, 1],
  ['3×3 stride 2, 12 positions, 19 outputs', [5, 4, 7], [3, 3, 19], 2, 1],
  ['3×3 stride 2 that leaves a row over, 4 positions', [4, 4, 5], [3, 3, 9], 2, 0],
  ['7×7 stride 2, 18 positions', [6, 5, 3], [7, 7, 20], 2, 3],
  ['1×1, 6 positions', [3, 1, 18], [1, 1, 40], 1, 0],
  ['1×1 stride 3, padding 2', [11, 9, 6], [1, 1, 5], 3, 2],
  ['1×1 stride 2, 8 positions', [4, 3, 8], [1, 1, 16], 2, 0],
];
for (const [name, image, [rows, columns, outputs], stride, padding] of convolutions) {
  cases[`convolution ${name}`] = (table) => {
    const x = random4([2, ...image], 1);
    const filterShape = [rows, columns, image[2], outputs] as const;
    const filter = random4(filterShape, 2);
    const y = table.convolution(x, filter, { stride, padding, dilation: 1 });
    const dy = random4(y.shape, 3);
    return [
      y,
      table.convolutionInputGradient(dy, filter, x.shape, { stride, padding }),
      table.convolutionFilterGradient(x, dy, filterShape, { stride, padding }),
    ];
  };
}
cases['convolution dilation 2'] = (table) => [
  table.convolution(random4([2, 20, 17, 9], 1), random4([3, 3, 9, 10], 2), {
    stride: 1,
    padding: 2,
    dilation: 2,
  }),
];
for (const relu of [false, true]) {
  for (const residual of [false, true]) {
    cases[`batch normalization, relu ${relu}, residual ${residual}`] = (table) => {
      const x = random4([3, 20, 15, 37], 1);
      const scale = random1(37, 2);
      const forward = table.batchNormalizationForward({
        x,
        scale,
        offset: random1(37, 3),
        residual: residual ? random4(x.shape, 4) : undefined,
        relu,
        runningMean: random1(37, 5),
        runningVariance: tf.abs(random1(37, 6)),
        epsilon: 1e-5,
        momentum: 0.1,
      });
      const backward = table.batchNormalizationBackward({
        x,
        dy: random4(x.shape, 7),
        y: relu ? forward.y : undefined,
        scale,
        reserve: forward.reserve,
        residual,
        epsilon: 1e-5,
      });
      return [
        forward.y,
        forward.runningMean,
        forward.runningVariance,
        backward.x,
        backward.scale,
        backward.offset,
        ...(backward.residual ? [backward.residual] : []),
      ];
    };
  }
}
cases['max pooling'] = (table) => {
  const x = random4([2, 31, 28, 37], 1);
  const geometry = { size: 3, stride: 2, padding: 1 };
  const y = table.maxPool(x, geometry);
  return [y, table.maxPoolGradient(random4(y.shape, 2), x, y, geometry)];
};
cases['the rest'] = (table) => [
  table.reluGradient(random2([70, 37], 1), random2([70, 37], 2)),
  table.columnSum(random2([1000, 37], 1)),
  table.cellMean(random([5, 49, 37], 1) as tf.Tensor3D),
  table.matMul(random2([37, 50], 1), random2([50, 41], 2)),
  table.matMul(random2([50, 37], 1), random2([50, 41], 2), true, false),
  table.matMul(random2([37, 50], 1), random2([41, 50], 2), false, true),
  table.matMul(random2([50, 37], 1), random2([41, 50], 2), true, true),
  // Few rows, so that the second operand is much the longer one.
  table.matMul(random2([3, 50], 1), random2([411, 50], 2), false, true),
  table.matMul(random2([50, 3], 1), random2([411, 50], 2), true, true),
  table.matMul(random2([1, 1], 1), random2([5, 1], 2), false, true),
];

describeBackends('kernels', (backend) => {
  const expected: Record<string, { shape: number[]; values: Float32Array }[]> = {};

  beforeAll(async () => {
    await import('@tensorflow/tfjs-backend-cpu');
    await tf.setBackend('cpu');
    for (const [name, run] of Object.entries(cases)) {
      const results = tf.tidy(() => run(referenceKernels));
      expected[name] = await Promise.all(
        results.map(async (tensor) => ({
          shape: tensor.shape,
          values: (await tensor.data<'float32'>()).slice(),
        })),
      );
      tf.dispose(results);
    }
    await tf.setBackend(backend);
  });

  it.each(Object.keys(cases))('%s: as the reference on the JavaScript backend', async (name) => {
    await expectNoLeaks(async () => {
      const results = tf.tidy(() => cases[name]?.(kernels()) ?? []);
      expect(results.length).toBe(expected[name]?.length);
      for (const [i, result] of results.entries()) {
        expect(result.shape).toEqual(expected[name]?.[i]?.shape);
        expect(await result.data()).toBeAllClose(expected[name]?.[i]?.values ?? [], {
          relative: 1e-3,
          absolute: 1e-3,
        });
      }
      tf.dispose(results);
    });
  });

  it('has one table per backend', () => {
    expect(kernels()).toBe(kernels());
  });
});
