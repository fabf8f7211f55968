import type * as tf from '@tensorflow/tfjs-core';
import type { Kernels } from '../types.ts';
import { isHalf } from './half-tensors.ts';
import { matrixOperand } from './operand.ts';
import { patchColumns, patchLines, phaseFilter, phasePositions, windowPositions } from './patches.ts';
import { vectors } from './program.ts';
import { matrixStore, type ProductStore, storeFour, tiledProduct } from './tiled-product.ts';

type ConvolutionKernels = Pick<
  Kernels,
  'convolution' | 'convolutionInputGradient' | 'convolutionFilterGradient'
>;

type Shape4 = readonly [number, number, number, number];

/**
 * Convolutions and their gradients as one tiled product each, with patches that are read where they lie. A 1×1
 * filter at stride 1 is a plain product of `[batch · height · width, in]` and `[in, out]`.
 */
export const webgpuConvolution: ConvolutionKernels = {
  convolution(x, filter, { stride, padding, dilation, half = false }) {
    const [batch, height, width] = x.shape;
    const [rows, columns, inputs, outputs] = filter.shape;
    const size = (axis: number, taps: number) =>
      Math.floor((axis + 2 * padding - dilation * (taps - 1) - 1) / stride) + 1;
    const shape = [batch, size(height, rows), size(width, columns), outputs] as const;
    const positions = shape[0] * shape[1] * shape[2];
    const depth = rows * columns * inputs;
    const store = matrixStore('y', positions, outputs);
    const windows = windowPositions({
      height: shape[1],
      width: shape[2],
      stride,
      padding,
      dilation,
      columns,
    });
    const plain = isPlain(filter.shape, stride, padding);
    return tiledProduct({
      name: plain ? 'convolution 1×1' : 'convolution',
      left: plain
        ? matrixOperand({
            side: 'A',
            name: 'x',
            input: vectors(x),
            lines: positions,
            depth,
            alongDepth: true,
          })
        : patchLines('x', x),
      right: matrixOperand({
        side: 'B',
        name: 'weights',
        input: vectors(filter),
        lines: outputs,
        depth,
        alongDepth: false,
      }),
      rows: positions,
      columns: outputs,
      depth,
      store: plain ? store : withPositions(store, windows),
      output: { name: 'y', shape, half: half || isHalf(x) },
    }) as tf.Tensor4D;
  },

  convolutionInputGradient(dy, filter, inputShape, { stride, padding }) {
    const [batch, height, width, inputs] = inputShape;
    const [rows, columns, , outputs] = filter.shape;
    if (isPlain(filter.shape, stride, padding)) {
      const positions = batch * height * width;
      return tiledProduct({
        name: 'convolutionInputGradient 1×1',
        left: matrixOperand({
          side: 'A',
          name: 'dy',
          input: vectors(dy),
          lines: positions,
          depth: outputs,
          alongDepth: true,
        }),
        right: matrixOperand({
          side: 'B',
          name: 'weights',
          input: vectors(filter),
          lines: inputs,
          depth: outputs,
          alongDepth: true,
        }),
        rows: positions,
        columns: inputs,
        depth: outputs,
        store: matrixStore('dx', positions, inputs),
        output: { name: 'dx', shape: inputShape, half: isHalf(dy) },
      }) as tf.Tensor4D;
    }
    const phaseHeight = Math.ceil(height / stride);
    const phaseWidth = Math.ceil(width / stride);
    return tiledProduct({
      name: 'convolutionInputGradient',
      left: patchLines('dy', dy),
      right: phaseFilter('weights', filter),
      rows: batch * phaseHeight * phaseWidth,
      columns: inputs,
      depth: Math.ceil(rows / stride) * Math.ceil(columns / stride) * outputs,
      depthOfPhase: `fn depthOf(phase : i32) -> i32 {
  let taps = tapsOf(phase);
  return taps.rows * taps.columns * ${outputs};
}`,
      phases: stride ** 2,
      store: withPositions(
        phaseStore(inputShape),
        phasePositions({ height, width, rows, columns, stride, padding }),
      ),
      output: { name: 'dx', shape: inputShape, half: isHalf(dy) },
      necessaryFlops: 2 * dy.size * rows * columns * inputs,
    }) as tf.Tensor4D;
  },

  convolutionFilterGradient(x, dy, filterShape, { stride, padding }) {
    const [rows, columns, inputs, outputs] = filterShape;
    const [batch, height, width] = dy.shape;
    const positions = batch * height * width;
    const lines = rows * columns * inputs;
    const store = matrixStore('filterGradient', lines, outputs);
    const plain = isPlain(filterShape, stride, padding);
    return tiledProduct({
      name: plain ? 'convolutionFilterGradient 1×1' : 'convolutionFilterGradient',
      left: plain
        ? matrixOperand({
            side: 'A',
            name: 'x',
            input: vectors(x),
            lines,
            depth: positions,
            alongDepth: false,
          })
        : patchColumns('x', x, rows, columns),
      right: matrixOperand({
        side: 'B',
        name: 'dy',
        input: vectors(dy),
        lines: outputs,
        depth: positions,
        alongDepth: false,
      }),
      rows: lines,
      columns: outputs,
      depth: positions,
      store: plain
        ? store
        : {
            ...store,
            integers: {
              ...store.integers,
              positionHeight: height,
              positionWidth: width,
              stride,
              padding,
            },
          },
      output: { name: 'filterGradient', shape: filterShape },
    }) as tf.Tensor4D;
  },
};

/** A convolution that is a plain product of matrices. */
function isPlain([rows, columns]: Shape4, stride: number, padding: number): boolean {
  return rows === 1 && columns === 1 && stride === 1 && padding === 0;
}

function withPositions(store: ProductStore, positions: ReturnType<typeof windowPositions>): ProductStore {
  return {
    variant: `${store.variant}, ${positions.variant}`,
    integers: { ...store.integers, ...positions.integers },
    declarations: () => `${positions.declarations()}\n${store.declarations()}`,
  };
}

/** Stores the rows of a phase at every `stride`-th cell of the images. */
function phaseStore([batch, , , channels]: Shape4): ProductStore {
  return {
    variant: 'phase',
    integers: { columns: channels, gradientImages: batch },
    declarations: () => `
fn store(row : i32, column : i32, phase : i32, split : i32, value : vec4<f32>) {
  let positions = positionsOf(phase);
  let area = positions.height * positions.width;
  if (row >= uniforms.gradientImages * area) { return; }
  let image = quotient(row, area);
  let phaseRow = quotient(row - image * area, positions.width);
  let phaseColumn = row - image * area - phaseRow * positions.width;
  let y = phaseRow * uniforms.stride + phase / uniforms.stride;
  let x = phaseColumn * uniforms.stride + phase % uniforms.stride;
  let images = split * uniforms.gradientImages + image;
  let at = ((images * uniforms.gradientHeight + y) * uniforms.gradientWidth + x) * uniforms.columns + column;
  ${storeFour('dx', channels % 4 === 0)}
}`,
  };
}
