import { describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { randomValues } from '../../../test/expect-like-naive.ts';
import { forwardInSlices } from './batch-normalization.ts';
import { backwardAtOnce, forwardAtOnce } from './batch-normalization-at-once.ts';
import { backwardInSlices } from './batch-normalization-backward.ts';
import { webgpuConvolution } from './convolution.ts';
import { isHalf } from './half-tensors.ts';
import { webgpuPooling } from './pooling.ts';
import { webgpuPrecision } from './precision.ts';
import { webgpuUpdates } from './updates.ts';
import { watchDispatches } from './watch-dispatches.ts';

extendExpect();

const toHalf = webgpuPrecision.halfPrecision as <T extends tf.Tensor>(x: T) => T;
const toFull = webgpuPrecision.fullPrecision as <T extends tf.Tensor>(x: T) => T;

const random = (shape: number[], seed: number) =>
  tf.tensor4d(Float32Array.from(randomValues(shape, seed)), shape as [number, number, number, number]);

/** Of numbers that are halves, to which matrix units round what they take. */
const randomHalves = (shape: number[], seed: number) =>
  tf.tidy(() => tf.div(tf.round(tf.mul(random(shape, seed), 256)), 256)) as tf.Tensor4D;

/** Of the last bit of a half, with room for another order of the sums. */
const rounding = { relative: 2 ** -10, absolute: 2e-4 };

/** What `run` gives of images in half precision against what it gives of the same numbers in full. */
async function expectSame(
  images: readonly tf.Tensor4D[],
  run: (...images: tf.Tensor4D[]) => (tf.Tensor | undefined)[],
): Promise<void> {
  await expectNoLeaks(async () => {
    const halves = images.map(toHalf);
    const results = run(...halves);
    const numbers = halves.map(toFull);
    const expected = run(...numbers);
    expect(results.length).toBe(expected.length);
    for (const [i, result] of results.entries()) {
      if (!result) continue;
      const full = toFull(result);
      expect(full.shape).toEqual(expected[i]?.shape);
      expect(await full.data()).toBeAllClose(await (expected[i] as tf.Tensor).data(), rounding);
      if (full !== result) full.dispose();
    }
    // What has no form in halves stays the tensor that it is.
    const made = [...halves, ...numbers].filter((tensor) => !images.includes(tensor));
    tf.dispose([made, results as tf.Tensor[], expected as tf.Tensor[]]);
  });
}

describeBackends(
  'half precision in WGSL',
  () => {
    it('rounds to the nearest half, and never makes a number of what is none', async () => {
      const values = [
        0,
        -0,
        1,
        -2.5,
        65504,
        -65504,
        2 ** -14,
        2 ** -24,
        0.1,
        1 / 3,
        1000.3,
        -3e-5,
        65505,
        -1e6,
        Number.POSITIVE_INFINITY,
        Number.NEGATIVE_INFINITY,
        Number.NaN,
        3e38,
        1e-10,
        -1,
      ];
      const x = tf.tensor2d(values, [5, 4]);
      const half = toHalf(x);
      const full = toFull(half);
      const result = [...(await full.data())];
      for (const [i, value] of values.slice(0, 12).entries()) {
        expect(Math.abs((result[i] as number) - value)).toBeLessThanOrEqual(
          Math.max(2 ** -11 * Math.abs(value), 2 ** -25),
        );
      }
      expect(result.slice(12, 16)).toEqual([Infinity, -Infinity, Infinity, -Infinity]);
      expect(Number.isFinite(result[16])).toBe(false);
      expect(result.slice(17)).toEqual([Infinity, 0, -1]);
      tf.dispose([x, half, full]);
    });

    it('takes half the memory', () => {
      const gpuBytes = () => (tf.memory() as unknown as { numBytesInGPU: number }).numBytesInGPU;
      const x = tf.zeros([64, 32, 32, 16]);
      const half = toHalf(x);
      const before = gpuBytes();
      const other = toHalf(x);
      expect(gpuBytes() - before).toBe(2 * x.size);
      tf.dispose([x, half, other]);
      expect(isHalf(half)).toBe(true);
    });

    it.each([
      [[2, 7, 6, 4], [3, 3, 4, 8], 1, 1],
      [[2, 7, 6, 4], [3, 3, 4, 8], 2, 1],
      [[3, 9, 11, 20], [3, 3, 20, 12], 2, 1],
      [[2, 5, 7, 8], [1, 1, 8, 12], 1, 0],
      [[2, 5, 7, 64], [1, 1, 64, 16], 2, 0],
      // Nothing but the images is a multiple of 4.
      [[2, 6, 6, 4], [3, 3, 4, 5], 1, 1],
      // In splits.
      [[8, 16, 16, 4], [3, 3, 4, 4], 1, 1],
    ] as [number[], number[], number, number][])(
      'convolution of %j by %j, stride %i, padding %i',
      async (shape, taps, stride, padding) => {
        const filter = randomHalves(taps, 2);
        const geometry = { stride, padding, dilation: 1 };
        const x = random(shape, 1);
        const y = webgpuConvolution.convolution(x, filter, geometry);
        const dy = randomHalves(y.shape, 3);
        await expectSame([x, dy], (x, dy) => [
          webgpuConvolution.convolution(x, filter, geometry),
          webgpuConvolution.convolutionInputGradient(
            dy,
            filter,
            shape as [number, number, number, number],
            geometry,
          ),
          webgpuConvolution.convolutionFilterGradient(
            x,
            dy,
            taps as [number, number, number, number],
            geometry,
          ),
        ]);
        tf.dispose([x, dy, y, filter]);
      },
    );

    it('a convolution of full images may give halves', async () => {
      const x = random([2, 9, 9, 3], 1);
      const filter = randomHalves([3, 3, 3, 8], 2);
      const geometry = { stride: 2, padding: 1, dilation: 1 };
      const y = webgpuConvolution.convolution(x, filter, { ...geometry, half: true });
      const expected = webgpuConvolution.convolution(x, filter, geometry);
      expect([isHalf(y), isHalf(expected)]).toEqual([true, false]);
      const full = toFull(y);
      expect(await full.data()).toBeAllClose(await expected.data(), rounding);
      tf.dispose([x, filter, y, expected, full]);
    });

    it.each([
      ['at once', [3, 5, 7, 8], forwardAtOnce, backwardAtOnce],
      ['in slices', [3, 5, 7, 8], forwardInSlices, backwardInSlices],
      ['in slices', [2, 40, 40, 36], forwardInSlices, backwardInSlices],
    ] as [string, number[], typeof forwardAtOnce, typeof backwardAtOnce][])(
      'batch normalization %s of %j',
      async (_, shape, forward, backward) => {
        const [x, residual, dy] = [random(shape, 1), random(shape, 2), random(shape, 3)];
        const channels = shape[3] as number;
        const scale = tf.linspace(0.5, 2, channels);
        const offset = tf.linspace(-1, 1, channels);
        const running = { runningMean: tf.zeros([channels]), runningVariance: tf.ones([channels]) };
        for (const relu of [true, false]) {
          await expectSame([x, residual, dy], (x, residual, dy) => {
            const settings = { epsilon: 1e-5, momentum: 0.1 };
            const first = forward({
              x,
              scale,
              offset,
              residual,
              relu,
              ...(running as { runningMean: tf.Tensor1D; runningVariance: tf.Tensor1D }),
              ...settings,
            });
            expect(isHalf(first.y)).toBe(isHalf(x));
            const gradients = backward({
              x,
              dy,
              y: relu ? first.y : undefined,
              scale,
              reserve: first.reserve,
              residual: true,
              ...settings,
            });
            expect(isHalf(gradients.x)).toBe(isHalf(x));
            return [
              first.y,
              first.runningMean,
              first.runningVariance,
              ...first.reserve,
              ...Object.values(gradients as object as Record<string, tf.Tensor>),
            ];
          });
        }
        tf.dispose([x, residual, dy, scale, offset, running]);
      },
    );

    it('max pooling', async () => {
      const geometry = { size: 3, stride: 2, padding: 1 };
      const [x, dy] = [random([2, 9, 8, 12], 1), random([2, 5, 4, 12], 2)];
      await expectSame([x, dy], (x, dy) => {
        const y = webgpuPooling.maxPool(x, geometry);
        return [y, webgpuPooling.maxPoolGradient(dy, x, y, geometry)];
      });
      tf.dispose([x, dy]);
    });

    it('sums, in place and of what shares its memory', async () => {
      const [x, y] = [random([2, 3, 3, 8], 1), random([2, 3, 3, 8], 2)];
      await expectSame([x, y], (x, y) => {
        const own = tf.tidy(() => webgpuPooling.maxPool(x, { size: 1, stride: 1, padding: 0 }));
        const shared = tf.clone(x);
        const sums = webgpuUpdates.addAll([
          { total: own, part: y },
          { total: shared, part: y },
        ]);
        expect(sums[0]).toBe(own);
        expect(sums.map(isHalf)).toEqual([isHalf(x), isHalf(x)]);
        return sums;
      });
      tf.dispose([x, y]);
    });

    it('counts its bytes', () => {
      const bytes = (x: tf.Tensor4D) => {
        const seen: number[] = [];
        const stop = watchDispatches(({ necessaryBytes }) => seen.push(necessaryBytes));
        tf.dispose(webgpuPooling.maxPool(x, { size: 2, stride: 2, padding: 0 }));
        stop();
        return seen;
      };
      const x = random([2, 8, 8, 4], 1);
      const half = toHalf(x);
      expect(bytes(x)).toEqual([4 * (512 + 128)]);
      expect(bytes(half)).toEqual([2 * (512 + 128)]);
      tf.dispose([x, half]);
    });

    it('keeps what tfjs would read wrongly from it', () => {
      const half = toHalf(tf.ones([2, 4]));
      const view = tf.reshape(half, [8]);
      expect(isHalf(view)).toBe(true);
      expect(() => tf.mul(half, 1)).toThrow(
        'BinaryOp of tfjs: expected a tensor in full precision, got one in half precision; pass it through fullPrecision first',
      );
      expect(() => half.dataToGPU()).toThrow(/dataToGPU: expected a tensor in full precision/);
      tf.dispose([half, view]);
    });

    it('is downloaded as numbers', async () => {
      const values = [0, 1, -2.5, 65504, 2 ** -14, 2 ** -24, -3 * 2 ** -20, 1e6];
      const x = tf.tensor2d(values, [2, 4]);
      const half = toHalf(x);
      const view = tf.reshape(half, [8]);
      expect([...(await view.data())]).toEqual([...values.slice(0, 7), Number.POSITIVE_INFINITY]);
      tf.dispose([x, half, view]);
    });

    it('is made of float32 alone', () => {
      const [whole, truth] = [tf.tensor2d([1, 2, 3, 4], [1, 4], 'int32'), tf.zeros([1, 4], 'bool')];
      expect([isHalf(toHalf(whole)), isHalf(toHalf(truth))]).toEqual([false, false]);
      tf.dispose([whole, truth]);
    });
  },
  { backends: ['webgpu'] },
);
