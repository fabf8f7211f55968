import * as tf from '@tensorflow/tfjs-core';
import type { Kernels } from '../types.ts';
import { hostPooling } from './max-pool.ts';

/**
 * Kernels of the plain JavaScript backend. Its stock convolution adds every product to a float32 of the output,
 * which loses a digit against a float64 accumulator over the whole window; its filter gradient goes through a
 * function call per value, thirty times slower than plain loops.
 */
export const cpuKernels: Partial<Kernels> = {
  ...hostPooling,

  convolution(x, filter, { stride, padding, dilation }) {
    const [batch, height, width, input] = x.shape;
    const [rows, columns, , output] = filter.shape;
    const reach = (taps: number) => dilation * (taps - 1) + 1;
    const outHeight = Math.floor((height + 2 * padding - reach(rows)) / stride) + 1;
    const outWidth = Math.floor((width + 2 * padding - reach(columns)) / stride) + 1;
    // Data of this backend lies in main memory: reading it copies nothing.
    const from = x.dataSync();
    const weights = filter.dataSync();
    const to = new Float32Array(batch * outHeight * outWidth * output);
    const sums = new Float64Array(output);
    let at = 0;
    for (let image = 0; image < batch; image++) {
      for (let row = 0; row < outHeight; row++) {
        for (let column = 0; column < outWidth; column++) {
          sums.fill(0);
          for (let i = 0; i < rows; i++) {
            const y = row * stride + i * dilation - padding;
            if (y < 0 || y >= height) continue;
            for (let j = 0; j < columns; j++) {
              const z = column * stride + j * dilation - padding;
              if (z < 0 || z >= width) continue;
              let source = ((image * height + y) * width + z) * input;
              let weight = (i * columns + j) * input * output;
              for (let c = 0; c < input; c++) {
                const value = from[source++] as number;
                for (let o = 0; o < output; o++) {
                  sums[o] = (sums[o] as number) + value * (weights[weight++] as number);
                }
              }
            }
          }
          to.set(sums, at);
          at += output;
        }
      }
    }
    return tf.tensor4d(to, [batch, outHeight, outWidth, output]);
  },

  convolutionFilterGradient(x, dy, filterShape, { stride, padding }) {
    const [batch, height, width, input] = x.shape;
    const [rows, columns, , output] = filterShape;
    const [, outHeight, outWidth] = dy.shape;
    const from = x.dataSync();
    const gradient = dy.dataSync();
    const sums = new Float64Array(rows * columns * input * output);
    for (let image = 0; image < batch; image++) {
      for (let row = 0; row < outHeight; row++) {
        for (let column = 0; column < outWidth; column++) {
          const start = ((image * outHeight + row) * outWidth + column) * output;
          for (let i = 0; i < rows; i++) {
            const y = row * stride + i - padding;
            if (y < 0 || y >= height) continue;
            for (let j = 0; j < columns; j++) {
              const z = column * stride + j - padding;
              if (z < 0 || z >= width) continue;
              let source = ((image * height + y) * width + z) * input;
              let sum = (i * columns + j) * input * output;
              for (let c = 0; c < input; c++) {
                const value = from[source++] as number;
                for (let o = 0; o < output; o++, sum++) {
                  sums[sum] = (sums[sum] as number) + value * (gradient[start + o] as number);
                }
              }
            }
          }
        }
      }
    }
    return tf.tensor4d(Float32Array.from(sums), [...filterShape]);
  },
};
