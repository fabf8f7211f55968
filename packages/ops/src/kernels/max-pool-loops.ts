import type { PoolGeometry } from './types.ts';

type Shape4 = readonly [number, number, number, number];

interface Pooling {
  readonly x: Float32Array;
  readonly shape: Shape4;
  readonly outShape: Shape4;
  readonly geometry: PoolGeometry;
}

/** The shape of the result. */
export function pooledShape(
  [batch, height, width, channels]: Shape4,
  geometry: PoolGeometry,
): [number, number, number, number] {
  const { size, stride, padding } = geometry;
  const out = (length: number) => Math.floor((length + 2 * padding - size) / stride) + 1;
  return [batch, out(height), out(width), channels];
}

/**
 * Max pooling in plain loops. A NaN in its window wins, as in PyTorch; kernels that are faster skip it, so this one
 * runs where they might meet one.
 */
export function maxPoolLoops(pooling: Pooling, to: Float32Array): void {
  const { x } = pooling;
  const channels = pooling.shape[3];
  to.fill(-Infinity);
  forEachCell(pooling, (from, out) => {
    for (let c = 0; c < channels; c++) {
      const value = x[from + c] as number;
      if (value > (to[out + c] as number) || Number.isNaN(value)) to[out + c] = value;
    }
  });
}

/**
 * Its gradient, to `to`: each goes to the first cell of its window that holds the maximum; where that is NaN to the
 * last NaN, as in PyTorch, where each NaN takes the place of what was found before.
 */
export function maxPoolGradientLoops(
  pooling: Pooling,
  y: Float32Array,
  dy: Float32Array,
  to: Float32Array,
): void {
  const { x } = pooling;
  const channels = pooling.shape[3];
  const winners = new Int32Array(y.length).fill(-1);
  forEachCell(pooling, (from, out) => {
    for (let c = 0; c < channels; c++) {
      const value = x[from + c] as number;
      if (Number.isNaN(value) || (value === y[out + c] && winners[out + c] === -1))
        winners[out + c] = from + c;
    }
  });
  to.fill(0);
  for (let out = 0; out < winners.length; out++) {
    const winner = winners[out] as number;
    if (winner >= 0) to[winner] = (to[winner] as number) + (dy[out] as number);
  }
}

/** Calls `visit` with the flat index of the first channel of every cell of every window, and of its result. */
function forEachCell(
  { shape: [batch, height, width, channels], outShape: [, outHeight, outWidth], geometry }: Pooling,
  visit: (from: number, out: number) => void,
): void {
  const { size, stride, padding } = geometry;
  let out = 0;
  for (let image = 0; image < batch; image++) {
    for (let i = 0; i < outHeight; i++) {
      const top = Math.max(0, i * stride - padding);
      const bottom = Math.min(height, i * stride - padding + size);
      for (let j = 0; j < outWidth; j++, out += channels) {
        const left = Math.max(0, j * stride - padding);
        const right = Math.min(width, j * stride - padding + size);
        for (let row = top; row < bottom; row++) {
          for (let column = left; column < right; column++) {
            visit(((image * height + row) * width + column) * channels, out);
          }
        }
      }
    }
  }
}
