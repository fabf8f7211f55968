import type * as tf from '@tensorflow/tfjs-core';
import { allocate, views } from './heap.ts';
import type { WasmWindow } from './window.ts';

/**
 * Each gradient goes to the first cell of its window that holds the maximum. (The stock kernel drops gradients of
 * windows whose maximum is negative.)
 */
export function poolGradient(
  dy: tf.Tensor4D,
  x: tf.Tensor4D,
  y: tf.Tensor4D,
  window: WasmWindow,
): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  const [, outHeight, outWidth] = y.shape;
  const result = allocate<tf.Rank.R4>(x.shape);
  const [input, output, gradient, target] = views(x, y, dy, result);
  target.fill(0);
  const found = new Uint8Array(channels);
  let out = 0;
  for (let b = 0; b < batch; b++) {
    for (let i = 0; i < outHeight; i++) {
      const start = i * window.strideHeight - window.top;
      const top = Math.max(0, start);
      const bottom = Math.min(height, start + window.rows);
      for (let j = 0; j < outWidth; j++, out += channels) {
        const side = j * window.strideWidth - window.left;
        const left = Math.max(0, side);
        const right = Math.min(width, side + window.columns);
        found.fill(0);
        for (let r = top; r < bottom; r++) {
          for (let s = left; s < right; s++) {
            const at = ((b * height + r) * width + s) * channels;
            for (let c = 0; c < channels; c++) {
              if (input[at + c] === output[out + c] && found[c] === 0) {
                found[c] = 1;
                target[at + c] = (target[at + c] as number) + (gradient[out + c] as number);
              }
            }
          }
        }
      }
    }
  }
  return result;
}
