// Oracles: the definitions as loops in double precision.

export type Shape = readonly number[];
export type Values = Float64Array;
export const sizeOf = (shape: Shape) => shape.reduce((product, size) => product * size, 1);
const at = (values: ArrayLike<number>, index: number) => values[index] as number;

export interface NaiveWindow {
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
}

type Shape4 = readonly [number, number, number, number];

export function naiveConvolution(
  x: Values,
  [batch, height, width, inputs]: Shape4,
  filter: Values,
  [rows, columns, , outputs]: Shape4,
  { stride, padding, dilation }: NaiveWindow,
): { values: Values; shape: Shape4 } {
  const outHeight = Math.floor((height + 2 * padding - dilation * (rows - 1) - 1) / stride) + 1;
  const outWidth = Math.floor((width + 2 * padding - dilation * (columns - 1) - 1) / stride) + 1;
  const values = new Float64Array(batch * outHeight * outWidth * outputs);
  for (let b = 0; b < batch; b++) {
    for (let i = 0; i < outHeight; i++) {
      for (let j = 0; j < outWidth; j++) {
        for (let o = 0; o < outputs; o++) {
          let sum = 0;
          for (let r = 0; r < rows; r++) {
            for (let s = 0; s < columns; s++) {
              const y = i * stride - padding + r * dilation;
              const z = j * stride - padding + s * dilation;
              if (y < 0 || z < 0 || y >= height || z >= width) continue;
              for (let c = 0; c < inputs; c++) {
                sum +=
                  at(x, ((b * height + y) * width + z) * inputs + c) *
                  at(filter, ((r * columns + s) * inputs + c) * outputs + o);
              }
            }
          }
          values[((b * outHeight + i) * outWidth + j) * outputs + o] = sum;
        }
      }
    }
  }
  return { values, shape: [batch, outHeight, outWidth, outputs] };
}

export function naiveMaxPool(
  x: Values,
  [batch, height, width, channels]: Shape4,
  { size, stride, padding }: { size: number; stride: number; padding: number },
): { values: Values; shape: Shape4 } {
  const outHeight = Math.floor((height + 2 * padding - size) / stride) + 1;
  const outWidth = Math.floor((width + 2 * padding - size) / stride) + 1;
  const values = new Float64Array(batch * outHeight * outWidth * channels);
  for (let b = 0; b < batch; b++) {
    for (let i = 0; i < outHeight; i++) {
      for (let j = 0; j < outWidth; j++) {
        for (let c = 0; c < channels; c++) {
          let largest = -Infinity;
          for (let r = 0; r < size; r++) {
            for (let s = 0; s < size; s++) {
              const y = i * stride - padding + r;
              const z = j * stride - padding + s;
              if (y < 0 || z < 0 || y >= height || z >= width) continue;
              largest = Math.max(largest, at(x, ((b * height + y) * width + z) * channels + c));
            }
          }
          values[((b * outHeight + i) * outWidth + j) * channels + c] = largest;
        }
      }
    }
  }
  return { values, shape: [batch, outHeight, outWidth, channels] };
}

export interface NaiveStatistics {
  readonly mean: Values;
  /** Divided by n. */
  readonly variance: Values;
  /** Divided by n − 1. */
  readonly unbiased: Values;
}

export function naiveStatistics(x: Values, channels: number): NaiveStatistics {
  const rows = x.length / channels;
  const mean = new Float64Array(channels);
  const squares = new Float64Array(channels);
  x.forEach((value, i) => {
    mean[i % channels] = at(mean, i % channels) + value / rows;
  });
  x.forEach((value, i) => {
    squares[i % channels] = at(squares, i % channels) + (value - at(mean, i % channels)) ** 2;
  });
  return {
    mean,
    variance: squares.map((sum) => sum / rows),
    unbiased: squares.map((sum) => sum / (rows - 1)),
  };
}

export function naiveNormalization(
  x: Values,
  { mean, variance }: Pick<NaiveStatistics, 'mean' | 'variance'>,
  options: {
    scale?: Values | undefined;
    offset?: Values | undefined;
    residual?: Values | undefined;
    relu: boolean;
    epsilon: number;
  },
): Values {
  const { scale, offset, residual, relu, epsilon } = options;
  const channels = mean.length;
  return x.map((value, i) => {
    const c = i % channels;
    let y = (value - at(mean, c)) / Math.sqrt(at(variance, c) + epsilon);
    if (scale) y *= at(scale, c);
    if (offset) y += at(offset, c);
    if (residual) y += at(residual, i);
    return relu ? Math.max(0, y) : y;
  });
}

/** Gradients of Σ weights · f(inputs) by central differences in double precision. */
export function naiveGradients(
  f: (...inputs: Values[]) => Values,
  inputs: readonly Values[],
  weights: Values,
): Values[] {
  const step = 1e-6;
  const total = (moved: readonly Values[]) => f(...moved).reduce((sum, y, i) => sum + y * at(weights, i), 0);
  return inputs.map((input, position) =>
    input.map((value, i) => {
      const replaced = (moved: number) =>
        inputs.map((other, j) => (j === position ? input.map((v, k) => (k === i ? moved : v)) : other));
      return (total(replaced(value + step)) - total(replaced(value - step))) / (2 * step);
    }),
  );
}
