import type * as tf from '@tensorflow/tfjs-core';
import { allocate, views } from './heap.ts';
import type { WasmWindow } from './window.ts';

/** Calls `visit` with the flat cell indices (without channels) of every input cell, tap and output cell that meet. */
function forEachMeeting(
  [batch, height, width]: readonly number[],
  [, outHeight, outWidth]: readonly number[],
  window: WasmWindow,
  visit: (inputCell: number, tap: number, outputCell: number) => void,
): void {
  const { rows, columns, strideHeight, strideWidth, top, left } = window;
  let outputCell = 0;
  for (let b = 0; b < (batch as number); b++) {
    for (let i = 0; i < (outHeight as number); i++) {
      for (let j = 0; j < (outWidth as number); j++, outputCell++) {
        for (let r = 0; r < rows; r++) {
          const y = i * strideHeight - top + r;
          if (y < 0 || y >= (height as number)) continue;
          for (let s = 0; s < columns; s++) {
            const x = j * strideWidth - left + s;
            if (x < 0 || x >= (width as number)) continue;
            visit((b * (height as number) + y) * (width as number) + x, r * columns + s, outputCell);
          }
        }
      }
    }
  }
}

/** Gradient of a depthwise convolution to its filter `[rows, columns, channels, multiplier]`. */
export function depthwiseFilterGradient(
  x: tf.Tensor4D,
  dy: tf.Tensor4D,
  window: WasmWindow,
  multiplier: number,
): tf.Tensor4D {
  const channels = x.shape[3];
  const result = allocate<tf.Rank.R4>([window.rows, window.columns, channels, multiplier]);
  const [source, gradient, target] = views(x, dy, result);
  target.fill(0);
  const size = channels * multiplier;
  forEachMeeting(x.shape, dy.shape, window, (inputCell, tap, outputCell) => {
    for (let k = 0; k < size; k++) {
      const value = source[inputCell * channels + Math.floor(k / multiplier)] as number;
      const to = tap * size + k;
      target[to] = (target[to] as number) + value * (gradient[outputCell * size + k] as number);
    }
  });
  return result;
}

/** Gradient of a depthwise convolution to its input. */
export function depthwiseInputGradient(
  dy: tf.Tensor4D,
  filter: tf.Tensor4D,
  inputShape: [number, number, number, number],
  window: WasmWindow,
): tf.Tensor4D {
  const [, , channels, multiplier] = filter.shape;
  const result = allocate<tf.Rank.R4>(inputShape);
  const [gradient, taps, target] = views(dy, filter, result);
  target.fill(0);
  const size = channels * multiplier;
  forEachMeeting(inputShape, dy.shape, window, (inputCell, tap, outputCell) => {
    for (let k = 0; k < size; k++) {
      const to = inputCell * channels + Math.floor(k / multiplier);
      target[to] =
        (target[to] as number) +
        (taps[tap * size + k] as number) * (gradient[outputCell * size + k] as number);
    }
  });
  return result;
}
