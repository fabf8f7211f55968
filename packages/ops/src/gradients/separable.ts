import * as tf from '@tensorflow/tfjs-core';
import type { Attributes } from './config.ts';

/**
 * Gradient of a kernel that is linear in each axis of images by itself, as resizing and averaging are: `matrices`
 * `[1, new size, size]`, one for each axis after the batch, turned round.
 */
function transposedProducts(dy: tf.Tensor, x: tf.Tensor, matrices: readonly tf.Tensor[]): tf.Tensor {
  let result = dy;
  matrices.forEach((matrix, i) => {
    const [, newSize, size] = matrix.shape as [number, number, number];
    // Axes up to this one have the size of `x` already.
    const outer = x.shape.slice(0, i + 1).reduce((product, extent) => product * extent, 1);
    const inner = result.size / (outer * newSize);
    const product = tf.matMul(matrix, tf.reshape(result, [outer, newSize, inner]), true);
    result = tf.reshape(product, [outer * size * inner]);
  });
  return tf.reshape(result, x.shape);
}

/** Images `[1, …, size]` whose channels are the unit vectors along `axis`, 1 along all other axes. */
function unitImages(rank: number, axis: number, size: number): tf.Tensor {
  const shape = Array.from({ length: rank }, (_, i) => (i === axis || i === rank - 1 ? size : 1));
  return tf.reshape(tf.eye(size), shape);
}

/**
 * Gradient of `ResizeBilinear` and `ResizeNearestNeighbor`. The kernel tells the matrices itself, whatever its
 * corners and pixel centres. (The stock gradient kernels know no pixel centres on some backends.)
 */
export function resizeGradient(
  kernel: string,
  dy: tf.Tensor,
  x: tf.Tensor,
  attributes: Attributes,
): tf.Tensor {
  const matrices = [1, 2].map((axis) => {
    const [size, newSize] = [x.shape[axis] as number, dy.shape[axis] as number];
    const images = unitImages(4, 1, size);
    const resized = tf
      .engine()
      .runKernel<tf.Tensor>(kernel, { images }, { ...attributes, size: [newSize, 1] });
    return tf.reshape(resized, [1, newSize, size]);
  });
  return transposedProducts(dy, x, matrices);
}

/** Where the windows of one axis lie. */
interface Windows {
  readonly newSize: number;
  readonly reach: number;
  readonly stride: number;
  readonly before: number;
}

/** Gradient of `AvgPool` and `AvgPool3D`. (The stock kernels forget on some backends that padding does not count.) */
export function averageGradient(dy: tf.Tensor, x: tf.Tensor, attributes: Attributes): tf.Tensor {
  const matrices = windowsOf(x, attributes).map((windows, i) => {
    const size = x.shape[i + 1] as number;
    return tf.tensor3d(averages(windows, size), [1, windows.newSize, size]);
  });
  return transposedProducts(dy, x, matrices);
}

function averages({ newSize, reach, stride, before }: Windows, size: number): Float32Array {
  const matrix = new Float32Array(newSize * size);
  for (let row = 0; row < newSize; row++) {
    const start = Math.max(0, row * stride - before);
    const end = Math.min(size, row * stride - before + reach);
    if (end > start) matrix.fill(1 / (end - start), row * size + start, row * size + end);
  }
  return matrix;
}

function windowsOf(x: tf.Tensor, attributes: Attributes): Windows[] {
  const { filterSize, strides, pad, dimRoundingMode } = attributes as never;
  if (x.rank === 4) {
    const info = tf.backend_util.computePool2DInfo(
      x.shape as never,
      filterSize,
      strides,
      1,
      pad,
      dimRoundingMode,
    );
    const { outHeight, outWidth, strideHeight, strideWidth, padInfo } = info;
    return [
      { newSize: outHeight, reach: info.effectiveFilterHeight, stride: strideHeight, before: padInfo.top },
      { newSize: outWidth, reach: info.effectiveFilterWidth, stride: strideWidth, before: padInfo.left },
    ];
  }
  const info = tf.backend_util.computePool3DInfo(
    x.shape as never,
    filterSize,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
  const { outDepth, outHeight, outWidth, strideDepth, strideHeight, strideWidth, padInfo } = info;
  return [
    { newSize: outDepth, reach: info.effectiveFilterDepth, stride: strideDepth, before: padInfo.front },
    { newSize: outHeight, reach: info.effectiveFilterHeight, stride: strideHeight, before: padInfo.top },
    { newSize: outWidth, reach: info.effectiveFilterWidth, stride: strideWidth, before: padInfo.left },
  ];
}
