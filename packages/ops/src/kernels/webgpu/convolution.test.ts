import { describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { randomValues } from '../../../test/expect-like-naive.ts';
import { naiveConvolution, type Values } from '../../../test/naive.ts';
import { webgpuConvolution } from './convolution.ts';
import { watchDispatches } from './watch-dispatches.ts';

extendExpect();

type Shape4 = [number, number, number, number];

// x, filter, stride, padding
const cases: [Shape4, Shape4, number, number][] = [
  [[1, 5, 5, 1], [3, 3, 1, 1], 1, 1],
  [[2, 7, 5, 3], [3, 3, 3, 5], 1, 1],
  [[2, 7, 6, 4], [3, 3, 4, 8], 1, 1],
  [[2, 7, 6, 4], [3, 3, 4, 8], 2, 1],
  [[1, 9, 10, 64], [3, 3, 64, 68], 1, 1],
  [[3, 9, 11, 20], [3, 3, 20, 12], 2, 1],
  [[2, 8, 8, 12], [3, 3, 12, 5], 2, 0],
  [[2, 8, 7, 5], [3, 3, 5, 12], 2, 0],
  [[1, 19, 23, 3], [7, 7, 3, 64], 2, 3],
  [[2, 6, 9, 8], [3, 3, 8, 4], 3, 1],
  [[2, 5, 7, 8], [1, 1, 8, 12], 1, 0],
  [[2, 5, 7, 5], [1, 1, 5, 3], 1, 0],
  [[2, 5, 7, 64], [1, 1, 64, 16], 2, 0],
  [[2, 6, 6, 3], [1, 1, 3, 2], 2, 0],
  [[1, 5, 4, 4], [1, 1, 4, 4], 1, 1],
  [[1, 6, 5, 4], [2, 3, 4, 4], 1, 1],
  [[1, 6, 5, 2], [2, 3, 2, 3], 2, 2],
  [[1, 8, 8, 4], [4, 4, 4, 8], 4, 0],
  [[1, 5, 5, 4], [2, 2, 4, 4], 3, 2],
  // A stride that is larger than the image.
  [[2, 2, 1, 4], [1, 1, 4, 4], 3, 0],
  [[8, 16, 16, 4], [3, 3, 4, 4], 1, 1],
];

/** Gradients of Σ dy · convolution(x, filter): each product goes to its two factors. */
function naiveGradients(
  x: Values,
  [batch, height, width, inputs]: Shape4,
  filter: Values,
  [rows, columns, , outputs]: Shape4,
  dy: Values,
  stride: number,
  padding: number,
): { x: Values; filter: Values } {
  const outHeight = Math.floor((height + 2 * padding - rows) / stride) + 1;
  const outWidth = Math.floor((width + 2 * padding - columns) / stride) + 1;
  const gradients = { x: new Float64Array(x.length), filter: new Float64Array(filter.length) };
  for (let b = 0; b < batch; b++) {
    for (let i = 0; i < outHeight; i++) {
      for (let j = 0; j < outWidth; j++) {
        for (let r = 0; r < rows; r++) {
          for (let s = 0; s < columns; s++) {
            const y = i * stride - padding + r;
            const z = j * stride - padding + s;
            if (y < 0 || z < 0 || y >= height || z >= width) continue;
            for (let c = 0; c < inputs; c++) {
              const at = ((b * height + y) * width + z) * inputs + c;
              for (let o = 0; o < outputs; o++) {
                const tap = ((r * columns + s) * inputs + c) * outputs + o;
                const d = dy[((b * outHeight + i) * outWidth + j) * outputs + o] as number;
                gradients.x[at] = (gradients.x[at] as number) + d * (filter[tap] as number);
                gradients.filter[tap] = (gradients.filter[tap] as number) + d * (x[at] as number);
              }
            }
          }
        }
      }
    }
  }
  return gradients;
}

const tensor = (values: Values, shape: readonly number[]) =>
  tf.tensor4d(Float32Array.from(values), shape as [number, number, number, number]);
const tolerance = { relative: 1e-4, absolute: 2e-4 };

describeBackends(
  'convolution in WGSL',
  () => {
    it.each(cases)(
      'x %j, filter %j, stride %i, padding %i: as the sums',
      async (shape, taps, stride, padding) => {
        await expectNoLeaks(async () => {
          const values = randomValues(shape, 1);
          const weights = randomValues(taps, 2);
          const x = tensor(values, shape);
          const filter = tensor(weights, taps);
          const expected = naiveConvolution(values, shape, weights, taps, { stride, padding, dilation: 1 });
          const y = webgpuConvolution.convolution(x, filter, { stride, padding, dilation: 1 });
          expect(y.shape).toEqual(expected.shape);
          expect(await y.data()).toBeAllClose(expected.values, tolerance);

          const slopes = randomValues(expected.shape, 3);
          const dy = tensor(slopes, expected.shape);
          const gradients = naiveGradients(values, shape, weights, taps, slopes, stride, padding);
          const dx = webgpuConvolution.convolutionInputGradient(dy, filter, shape, { stride, padding });
          expect(dx.shape).toEqual(shape);
          expect(await dx.data()).toBeAllClose(gradients.x, tolerance);
          const filterGradient = webgpuConvolution.convolutionFilterGradient(x, dy, taps, {
            stride,
            padding,
          });
          expect(filterGradient.shape).toEqual(taps);
          expect(await filterGradient.data()).toBeAllClose(gradients.filter, tolerance);
          tf.dispose([x, filter, y, dy, dx, filterGradient]);
        });
      },
    );

    it.each([
      [[2, 9, 8, 3], [3, 3, 3, 5], 1, 2, 2],
      [[2, 9, 8, 4], [3, 3, 4, 8], 1, 2, 2],
      [[1, 9, 10, 4], [3, 3, 4, 4], 2, 0, 2],
      [[1, 11, 10, 4], [3, 2, 4, 3], 1, 4, 4],
    ] as [Shape4, Shape4, number, number, number][])(
      'x %j, filter %j, stride %i, padding %i, dilation %i: as the sums',
      async (shape, taps, stride, padding, dilation) => {
        const values = randomValues(shape, 1);
        const weights = randomValues(taps, 2);
        const geometry = { stride, padding, dilation };
        const x = tensor(values, shape);
        const filter = tensor(weights, taps);
        const expected = naiveConvolution(values, shape, weights, taps, geometry);
        const y = webgpuConvolution.convolution(x, filter, geometry);
        expect(y.shape).toEqual(expected.shape);
        expect(await y.data()).toBeAllClose(expected.values, tolerance);
        tf.dispose([x, filter, y]);
      },
    );

    it('multiplies no zeros that a stride makes', () => {
      const flops = (shape: Shape4, taps: Shape4, stride: number, padding: number) =>
        tf.tidy(() => {
          let issued = 0;
          const stop = watchDispatches(({ name, flops }) => {
            if (name === 'convolutionInputGradient') issued += flops;
          });
          const size = (shape[1] + 2 * padding - taps[0]) / stride + 1;
          const dy = tf.zeros([shape[0], Math.floor(size), Math.floor(size), taps[3]]) as tf.Tensor4D;
          webgpuConvolution.convolutionInputGradient(dy, tf.zeros(taps), shape, { stride, padding });
          stop();
          return issued;
        });
      // As many positions in four phases as in one, and together as many taps as the filter has.
      expect(flops([4, 16, 16, 64], [4, 4, 64, 64], 2, 1)).toBe((2 * 4 * 64 * 64 * 64 * 16 * 64) / 64);
    });

    it('names the tensor that no buffer holds', () => {
      const x = { shape: [4096, 512, 512, 64] } as unknown as tf.Tensor4D;
      expect(() =>
        webgpuConvolution.convolution(x, { shape: [3, 3, 64, 64] } as unknown as tf.Tensor4D, {
          stride: 1,
          padding: 1,
          dilation: 1,
        }),
      ).toThrow(/convolution: x \[4096, 512, 512, 64\] takes 274877906944 bytes .*lower the batch size/);
    });
  },
  { backends: ['webgpu'] },
);
