import { describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { kernels } from '../kernels.ts';
import { hasNativeKernels, useNativeKernels } from './native.ts';

extendExpect();

type Shape4 = [number, number, number, number];

/** Around the sizes of blocks, shares and vectors, and one that every thread gets a share of. */
const shapes: Shape4[] = [
  [1, 2, 1, 1],
  [2, 3, 5, 3],
  [1, 17, 1, 65],
  [3, 13, 11, 48],
  [2, 4, 3, 257],
  [2, 61, 67, 16],
];

/** Numbers of rows, and lengths around those of vectors. */
const rows: [number, number][] = [
  [1, 1],
  [3, 15],
  [5, 16],
  [130, 33],
  [2, 2048],
];

const normal = (shape: readonly number[], seed: number, mean = 0) =>
  tf.randomNormal(shape as Shape4, mean, 1, 'float32', seed) as tf.Tensor4D;

/** Kernels leave temporaries to whoever calls them. */
const tidy = <Result>(run: () => Result) => tf.tidy(run as () => tf.TensorContainer) as Result;

describeBackends(
  'our kernels and TensorFlow’s',
  () => {
    let loaded = false;
    beforeAll(() => {
      loaded = hasNativeKernels();
    });
    afterAll(() => {
      useNativeKernels(loaded);
    });

    it('are both there', ({ skip }) => {
      if (!process.env.PIXCON_REQUIRE_BACKENDS?.includes('tensorflow') && !loaded)
        skip('run: npx pixcon install-tensorflow');
      expect(loaded).toBe(true);
    });

    describe.each([true, false])('ours: %s', (ours) => {
      beforeEach(({ skip }) => {
        if (ours && !loaded) skip('run: npx pixcon install-tensorflow');
        useNativeKernels(ours);
      });

      describe.each([
        { relu: true, withResidual: true, scaled: true, offsets: true },
        { relu: true, withResidual: false, scaled: false, offsets: true },
        { relu: false, withResidual: true, scaled: true, offsets: false },
        { relu: false, withResidual: false, scaled: false, offsets: false },
      ])('batch normalization, %o', ({ relu, withResidual, scaled, offsets }) => {
        it.each(shapes)('%i × %i × %i × %i', async (...shape) => {
          await expectNoLeaks(async () => {
            const channels = shape[3];
            // The mean is far from 0: squares of values must not be what variance is made of.
            const [x, dy] = [normal(shape, 1, 30), normal(shape, 2)];
            const residual = withResidual ? normal(shape, 3) : undefined;
            const [scale, offset, runningMean] = [4, 5, 6].map((seed) =>
              normal([channels], seed),
            ) as unknown as [tf.Tensor1D, tf.Tensor1D, tf.Tensor1D];
            const runningVariance = tf.abs(runningMean);
            const used = { scale: scaled ? scale : undefined, offset: offsets ? offset : undefined };
            const settings = { epsilon: 1e-5, momentum: 0.1, relu, residual };
            const forward = tidy(() =>
              kernels().batchNormalizationForward({
                ...{ x, ...used, runningMean, runningVariance, ...settings },
              }),
            );
            const backward = tidy(() =>
              kernels().batchNormalizationBackward({
                ...{ x, dy, y: relu ? forward.y : undefined, scale: used.scale, epsilon: 1e-5 },
                reserve: forward.reserve,
                residual: withResidual,
              }),
            );
            const expected = normalizeInFloat64(
              { x, dy, y: forward.y, runningMean, runningVariance, residual, ...used },
              relu,
            );
            const close = { relative: 2e-4, absolute: 2e-4 };
            await expect(forward.y).toBeAllClose(Float32Array.from(expected.y), close);
            await expect(forward.runningMean).toBeAllClose(Float32Array.from(expected.runningMean), close);
            await expect(forward.runningVariance).toBeAllClose(
              Float32Array.from(expected.runningVariance),
              close,
            );
            const rows = x.size / channels;
            // Two values per channel leave a gradient that is all rounding.
            const gradients = { relative: 1e-3, absolute: rows < 3 ? 1e-2 : 1e-3 };
            await expect(backward.x).toBeAllClose(Float32Array.from(expected.dx), gradients);
            const sums = { relative: 1e-4, absolute: 1e-4 * Math.sqrt(rows) };
            await expect(backward.offset).toBeAllClose(Float32Array.from(expected.offset), sums);
            if (rows > 2) await expect(backward.scale).toBeAllClose(Float32Array.from(expected.scale), sums);
            expect(backward.residual !== undefined).toBe(withResidual);
            if (backward.residual)
              await expect(backward.residual).toBeAllClose(Float32Array.from(expected.g), { absolute: 0 });
            tf.dispose([x, dy, scale, offset, runningMean, runningVariance, residual ?? []]);
            tf.dispose([
              ...Object.values(backward).filter((value) => value !== undefined),
              ...forward.reserve,
            ]);
            tf.dispose([forward.y, forward.runningMean, forward.runningVariance]);
          });
        });
      });

      it.each([
        [[1, 5, 7, 3], 3, 2, 1],
        [[2, 24, 9, 20], 3, 2, 1],
        [[1, 40, 6, 2], 3, 1, 1],
        [[1, 9, 9, 1], 5, 3, 2],
        [[17, 4, 4, 2], 2, 2, 0],
        [[1, 13, 6, 3], 2, 3, 1],
        [[0, 64, 64, 3], 3, 2, 1],
      ] as [Shape4, number, number, number][])(
        'gradient of max pooling, %j, %i, %i, %i',
        async (shape, size, stride, padding) => {
          await expectNoLeaks(async () => {
            // Few distinct values, so that many tie.
            const x = tf.tidy(() => tf.round(normal(shape, 1))) as tf.Tensor4D;
            const y = kernels().maxPool(x, { size, stride, padding });
            const dy = normal(y.shape, 2);
            const dx = kernels().maxPoolGradient(dy, x, y, { size, stride, padding });
            const expected = poolGradientByLoops(x, y, dy, { size, stride, padding });
            await expect(dx).toBeAllClose(Float32Array.from(expected), { absolute: 1e-6 });
            tf.dispose([x, y, dy, dx]);
          });
        },
      );

      it.each(rows)('a tile of a running softmax, %i × %i', async (rows, size) => {
        await expectNoLeaks(async () => {
          const first = tf.tidy(() =>
            tf.mul<tf.Tensor2D>(tf.randomNormal([rows, size], 0, 1, 'float32', 1), 30),
          );
          const second = tf.tidy(() =>
            tf.mul<tf.Tensor2D>(tf.randomNormal([rows, size], 0, 1, 'float32', 2), 40),
          );
          const [a, b] = [await first.array(), await second.array()];
          const take = kernels().softmaxTile;
          if (!take) {
            expect(ours).toBe(false);
            tf.dispose([first, second]);
            return;
          }
          const before = tidy(() => take(first, undefined));
          const after = tidy(() => take(second, before));
          const maximum = a.map((row, i) => Math.max(...row, ...(b[i] as number[])));
          const sum = a.map((row, i) =>
            [...row, ...(b[i] as number[])].reduce(
              (total, x) => total + Math.exp(x - (maximum[i] as number)),
              0,
            ),
          );
          const exponentials = b.flatMap((row, i) =>
            row.map((x) => Math.exp(Math.fround(x - (maximum[i] as number)))),
          );
          const decay = a.map((row, i) => Math.exp(Math.fround(Math.max(...row) - (maximum[i] as number))));
          const close = { relative: 3e-7, absolute: 1e-37 };
          await expect(after.maximum).toBeAllClose(Float32Array.from(maximum), { relative: 0, absolute: 0 });
          await expect(after.sum).toBeAllClose(Float32Array.from(sum), { relative: 1e-6, absolute: 0 });
          await expect(after.exponentials).toBeAllClose(Float32Array.from(exponentials), close);
          await expect(after.decay).toBeAllClose(Float32Array.from(decay), close);
          tf.dispose([first, second, Object.values(before), Object.values(after)]);
        });
      });

      it('shapes share memory', async () => {
        await expectNoLeaks(async () => {
          const x = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);
          const y = tf.reshape(x, [3, -1]);
          const scalar = tf.tidy(() => tf.reshape(tf.reshape(tf.tensor1d([7], 'int32'), []), [1, 1]));
          const flags = tf.tidy(() => tf.reshape(tf.tensor1d([true, false], 'bool'), [2, 1]));
          expect(await y.array()).toEqual([
            [1, 2],
            [3, 4],
            [5, 6],
          ]);
          expect(await scalar.array()).toEqual([[7]]);
          expect(await flags.array()).toEqual([[1], [0]]);
          expect(() => tf.reshape(x, [4])).toThrow();
          tf.dispose([x, y, scalar, flags]);
        });
      });

      it('a tile of a running softmax lets nobody overlook a number that is none', async () => {
        const take = kernels().softmaxTile;
        if (!take) return;
        const logits = tf.tensor2d([[1, Number.NaN, 2]]);
        const { sum, exponentials, maximum, decay } = tidy(() => take(logits, undefined));
        expect((await sum.data())[0]).toBeNaN();
        tf.dispose([logits, sum, exponentials, maximum, decay]);
      });

      it.each(rows)('unit rows, %i × %i', async (rows, size) => {
        await expectNoLeaks(async () => {
          const [x, dy] = [normal([rows, size], 1), normal([rows, size], 2)] as unknown as tf.Tensor2D[];
          const { y, norm } = tidy(() => kernels().unitRows(x as tf.Tensor2D, 0.5));
          const dx = tidy(() => kernels().unitRowsGradient(dy as tf.Tensor2D, y, norm, 0.5));
          const [values, gradients] = [await x?.data(), await dy?.data()] as Float32Array[];
          const expected = { y: new Float64Array(rows * size), dx: new Float64Array(rows * size) };
          for (let row = 0; row < rows; row++) {
            const at = (array: Float32Array | undefined, i: number) => array?.[row * size + i] as number;
            let [squares, along] = [0, 0];
            for (let i = 0; i < size; i++) squares += at(values, i) ** 2;
            const length = Math.sqrt(squares);
            const divisor = Math.max(length, 0.5);
            for (let i = 0; i < size; i++) along += (at(values, i) / divisor) * at(gradients, i);
            if (length <= 0.5) along = 0;
            for (let i = 0; i < size; i++) {
              const unit = at(values, i) / divisor;
              expected.y[row * size + i] = unit;
              expected.dx[row * size + i] = (at(gradients, i) - unit * along) / divisor;
            }
          }
          await expect(y).toBeAllClose(Float32Array.from(expected.y), { absolute: 1e-6 });
          await expect(dx).toBeAllClose(Float32Array.from(expected.dx), { absolute: 1e-5 });
          tf.dispose([x, dy, y, norm, dx] as tf.Tensor[]);
        });
      });

      it('lets no ReLU hide what is not a number', async () => {
        const x = tf.tensor4d([1, 2, Number.NaN, 4], [4, 1, 1, 1]);
        const one = tf.ones([1]) as tf.Tensor1D;
        const { y } = kernels().batchNormalizationForward({
          ...{ x, scale: one, offset: one, residual: undefined, relu: true },
          ...{ runningMean: one, runningVariance: one, epsilon: 1e-5, momentum: 0.1 },
        });
        expect([...(await y.data())]).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
      });
    });
  },
  { backends: ['tensorflow'] },
);

interface NormalizationTensors {
  readonly x: tf.Tensor;
  readonly dy: tf.Tensor;
  readonly y: tf.Tensor;
  readonly runningMean: tf.Tensor;
  readonly runningVariance: tf.Tensor;
  readonly residual: tf.Tensor | undefined;
  readonly scale: tf.Tensor | undefined;
  readonly offset: tf.Tensor | undefined;
}

/** The definitions, in float64; where the ReLU let through is taken from `y`. */
function normalizeInFloat64(tensors: NormalizationTensors, relu: boolean) {
  const read = (tensor: tf.Tensor | undefined) => tensor && Float64Array.from(tensor.dataSync());
  const [x, dy, y] = [read(tensors.x), read(tensors.dy), read(tensors.y)] as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const residual = read(tensors.residual);
  const channels = tensors.runningMean.size;
  const rows = x.length / channels;
  const result = {
    ...{ y: new Float64Array(x.length), g: new Float64Array(x.length), dx: new Float64Array(x.length) },
    ...{ scale: new Float64Array(channels), offset: new Float64Array(channels) },
    runningMean: read(tensors.runningMean) as Float64Array,
    runningVariance: read(tensors.runningVariance) as Float64Array,
  };
  for (let c = 0; c < channels; c++) {
    const gamma = read(tensors.scale)?.[c] ?? 1;
    const beta = read(tensors.offset)?.[c] ?? 0;
    const column = Array.from({ length: rows }, (_, row) => row * channels + c);
    const mean = column.reduce((sum, i) => sum + (x[i] as number), 0) / rows;
    const variance = column.reduce((sum, i) => sum + ((x[i] as number) - mean) ** 2, 0) / rows;
    const inverse = 1 / Math.sqrt(variance + 1e-5);
    const unit = (i: number) => ((x[i] as number) - mean) * inverse;
    for (const i of column) {
      const value = unit(i) * gamma + beta + (residual?.[i] ?? 0);
      result.y[i] = relu ? Math.max(value, 0) : value;
      result.g[i] = relu && !((y[i] as number) > 0) ? 0 : (dy[i] as number);
      result.offset[c] = (result.offset[c] as number) + (result.g[i] as number);
      result.scale[c] = (result.scale[c] as number) + (result.g[i] as number) * unit(i);
    }
    for (const i of column) {
      const shared = ((result.offset[c] as number) + unit(i) * (result.scale[c] as number)) / rows;
      result.dx[i] = gamma * inverse * ((result.g[i] as number) - shared);
    }
    const unbiased = (variance * rows) / (rows - 1);
    result.runningMean[c] = 0.9 * (result.runningMean[c] as number) + 0.1 * mean;
    result.runningVariance[c] = 0.9 * (result.runningVariance[c] as number) + 0.1 * unbiased;
  }
  return result;
}

/** Each window's gradient to its first largest cell, row by row. */
function poolGradientByLoops(
  x: tf.Tensor4D,
  y: tf.Tensor4D,
  dy: tf.Tensor4D,
  { size, stride, padding }: { size: number; stride: number; padding: number },
): Float64Array {
  const [values, gradients] = [x.dataSync(), dy.dataSync()];
  const [, height, width, channels] = x.shape;
  const result = new Float64Array(x.size);
  let out = 0;
  for (let image = 0; image < y.shape[0]; image++)
    for (let row = 0; row < y.shape[1]; row++)
      for (let column = 0; column < y.shape[2]; column++)
        for (let c = 0; c < channels; c++, out++) {
          let best = -1;
          for (let i = row * stride - padding; i < row * stride - padding + size; i++)
            for (let j = column * stride - padding; j < column * stride - padding + size; j++) {
              if (i < 0 || j < 0 || i >= height || j >= width) continue;
              const cell = ((image * height + i) * width + j) * channels + c;
              if (best < 0 || (values[cell] as number) > (values[best] as number)) best = cell;
            }
          result[best] = (result[best] as number) + (gradients[out] as number);
        }
  return result;
}
