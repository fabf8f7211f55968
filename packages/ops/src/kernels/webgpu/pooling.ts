import type * as tf from '@tensorflow/tfjs-core';
import type { Kernels } from '../types.ts';
import { isHalf } from './half-tensors.ts';
import { vectors } from './program.ts';
import { runWebgpuProgram } from './run-program.ts';

/** One invocation for each result; nothing is padded. */
export const webgpuPooling: Pick<Kernels, 'maxPool' | 'maxPoolGradient' | 'reluGradient'> = {
  maxPool(x, { size, stride, padding }) {
    const [batch, height, width, channels] = x.shape;
    const out = (length: number) => Math.floor((length + 2 * padding - size) / stride) + 1;
    const shape = [batch, out(height), out(width), channels] as const;
    const { vector, element, columns, count } = elementsOf(shape);
    const { y } = runWebgpuProgram({
      name: 'max pooling',
      inputs: { x: vectors(x, vector) },
      outputs: { y: { shape, vector, half: isHalf(x) } },
      integers: {
        count,
        columns,
        height,
        width,
        outHeight: shape[1],
        outWidth: shape[2],
        size,
        stride,
        padding,
      },
      workgroups: Math.ceil(count / 64),
      shader: () => ({
        body: `
          if (index < uniforms.count) {
            ${coordinates('uniforms.outHeight', 'uniforms.outWidth')}
            let top = max(row * uniforms.stride - uniforms.padding, 0);
            let bottom = min(row * uniforms.stride - uniforms.padding + uniforms.size, uniforms.height);
            let left = max(across * uniforms.stride - uniforms.padding, 0);
            let right = min(across * uniforms.stride - uniforms.padding + uniforms.size, uniforms.width);
            var best = x[((image * uniforms.height + top) * uniforms.width + left) * uniforms.columns + column];
            for (var i = top; i < bottom; i++) {
              for (var j = left; j < right; j++) {
                let value = x[((image * uniforms.height + i) * uniforms.width + j) * uniforms.columns + column];
                best = select(best, value, (value > best) | ${isNan('value', element)});
              }
            }
            y[index] = best;
          }`,
      }),
    });
    return y as tf.Tensor4D;
  },

  maxPoolGradient(dy, x, y, { size, stride, padding }) {
    const [, height, width] = x.shape;
    const { vector, element, columns, count } = elementsOf(x.shape);
    const { dx } = runWebgpuProgram({
      name: 'max pooling gradient',
      inputs: { x: vectors(x, vector), y: vectors(y, vector), dy: vectors(dy, vector) },
      outputs: { dx: { shape: x.shape, vector, half: isHalf(x) } },
      integers: {
        count,
        columns,
        height,
        width,
        outHeight: y.shape[1],
        outWidth: y.shape[2],
        size,
        stride,
        padding,
      },
      workgroups: Math.ceil(count / 64),
      shader: () => ({
        body: `
          if (index < uniforms.count) {
            ${coordinates('uniforms.height', 'uniforms.width')}
            let own = x[index];
            var sum = ${element}();
            // The windows that this cell lies in.
            let lowest = uniforms.size - 1 - uniforms.padding;
            let firstRow = max((row - lowest + uniforms.stride - 1) / uniforms.stride, 0);
            let lastRow = min((row + uniforms.padding) / uniforms.stride, uniforms.outHeight - 1);
            let firstAcross = max((across - lowest + uniforms.stride - 1) / uniforms.stride, 0);
            let lastAcross = min((across + uniforms.padding) / uniforms.stride, uniforms.outWidth - 1);
            for (var i = select(0, firstRow, row > lowest); i <= lastRow; i++) {
              for (var j = select(0, firstAcross, across > lowest); j <= lastAcross; j++) {
                let window = ((image * uniforms.outHeight + i) * uniforms.outWidth + j) * uniforms.columns + column;
                let largest = y[window];
                var wins = own == largest;
                if (any(wins)) {
                  // Of equals the first has the gradient.
                  let top = max(i * uniforms.stride - uniforms.padding, 0);
                  let left = max(j * uniforms.stride - uniforms.padding, 0);
                  let right = min(j * uniforms.stride - uniforms.padding + uniforms.size, uniforms.width);
                  for (var r = top; r <= row; r++) {
                    let end = select(right, across, r == row);
                    for (var c = left; c < end; c++) {
                      let earlier = x[((image * uniforms.height + r) * uniforms.width + c) * uniforms.columns + column];
                      wins = wins & (earlier != largest);
                    }
                  }
                  sum += select(${element}(), dy[window], wins);
                }
                var missing = ${isNan('own', element)};
                if (any(missing)) {
                  // Of several NaN the last has it.
                  let bottom = min(i * uniforms.stride - uniforms.padding + uniforms.size, uniforms.height);
                  let left = max(j * uniforms.stride - uniforms.padding, 0);
                  let right = min(j * uniforms.stride - uniforms.padding + uniforms.size, uniforms.width);
                  for (var r = row; r < bottom; r++) {
                    for (var c = select(left, across + 1, r == row); c < right; c++) {
                      let later = x[((image * uniforms.height + r) * uniforms.width + c) * uniforms.columns + column];
                      missing = missing & !${isNan('later', element)};
                    }
                  }
                  sum += select(${element}(), dy[window], missing);
                }
              }
            }
            dx[index] = sum;
          }`,
      }),
    });
    return dx as tf.Tensor4D;
  },

  reluGradient<T extends tf.Tensor>(dy: T, y: T): T {
    const vector = dy.size % 4 === 0;
    const element = vector ? 'vec4<f32>' : 'f32';
    const count = vector ? dy.size / 4 : dy.size;
    const { dx } = runWebgpuProgram({
      name: 'relu gradient',
      inputs: { dy: vectors(dy, vector), y: vectors(y, vector) },
      outputs: { dx: { shape: dy.shape, vector } },
      integers: { count },
      workgroupSize: 256,
      workgroups: Math.ceil(count / 256),
      shader: () => ({
        body: `if (index < uniforms.count) {
          dx[index] = select(${element}(), dy[index], y[index] > ${element}());
        }`,
      }),
    });
    return dx as T;
  },
};

function elementsOf(shape: readonly number[]) {
  const channels = shape[shape.length - 1] as number;
  const vector = channels % 4 === 0;
  const columns = vector ? channels / 4 : channels;
  const element = vector ? 'vec4<f32>' : 'f32';
  const count = shape.reduce((size, axis) => size * axis, 1) / (vector ? 4 : 1);
  return { vector, element, columns, count };
}

/** WGSL that takes `index` apart into `image`, `row`, `across` and `column`. */
function coordinates(height: string, width: string): string {
  return `
    let column = index % uniforms.columns;
    let cell = index / uniforms.columns;
    let across = cell % ${width};
    let row = (cell / ${width}) % ${height};
    let image = cell / (${width} * ${height});`;
}

/** By the bits: a compiler of shaders may take it that a number is a number. */
function isNan(value: string, element: string): string {
  const [bits, mask, infinity] =
    element === 'f32'
      ? ['u32', '0x7fffffffu', '0x7f800000u']
      : ['vec4<u32>', 'vec4(0x7fffffffu)', 'vec4(0x7f800000u)'];
  return `((bitcast<${bits}>(${value}) & ${mask}) > ${infinity})`;
}
