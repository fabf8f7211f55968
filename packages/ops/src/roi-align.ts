import { assertNumber, assertShape, PixconError } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.ts';
import { axisSampling } from './roi-sampling.ts';

/** A region of one image of the batch, in cells of the feature map: edges, as core's `Box`. */
export interface RegionBox {
  /** Which image of the batch. */
  readonly image: number;
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
  /** Bins run from right to left, which undoes a flip of the map; false by default. */
  readonly mirrored?: boolean;
}

export interface RoiAlignOptions {
  readonly outputHeight: number;
  readonly outputWidth: number;
  /** Samples per bin and axis; 0, the default, takes as many as a bin has cells (torchvision's −1). */
  readonly samplingRatio?: number;
  /** Cell centres at half integers (true, the default), or torchvision's older convention. */
  readonly aligned?: boolean;
}

/**
 * Averages bilinear samples of each region's bins (RoIAlign, He et al. 2017; `torchvision.ops.roi_align` with a
 * spatial scale of 1: multiply boxes in pixels by the scale first). Sampling along one axis does not depend on the
 * other, so a region is A_y · F · A_xᵀ with two small matrices made on the host.
 *
 * @param features `[batch, height, width, channels]`; gets the gradient
 * @param boxes one entry a region; may reach over the edge, where samples beyond one cell count as 0
 * @returns `[boxes, outputHeight, outputWidth, channels]`; the caller disposes it
 * @throws PixconError `invalid-shape`; `invalid-argument` for an empty list, an image that is not in the batch or a
 *   size below 1
 *
 * @example
 * const box = { image: 0, x0: 0, y0: 0, x1: 4, y1: 4 };
 * roiAlign(tf.ones([1, 7, 7, 64]), [box], { outputHeight: 2, outputWidth: 2 }); // [1, 2, 2, 64]
 */
export function roiAlign(
  features: tf.Tensor4D,
  boxes: readonly RegionBox[],
  options: RoiAlignOptions,
): tf.Tensor4D {
  const { outputHeight, outputWidth, samplingRatio = 0, aligned = true } = options;
  assertShape('roiAlign', 'features', features, [null, null, null, null]);
  const [batch, height, width, channels] = features.shape;
  assertNumber('roiAlign', 'outputHeight', outputHeight, { minimum: 1, integer: true });
  assertNumber('roiAlign', 'outputWidth', outputWidth, { minimum: 1, integer: true });
  assertNumber('roiAlign', 'samplingRatio', samplingRatio, { minimum: 0, integer: true });
  assertBoxes(boxes, batch);

  const count = boxes.length;
  const rows = (): tf.Tensor3D => {
    const matrices = boxes.map(({ y0, y1 }) =>
      axisSampling(y0, y1, height, outputHeight, samplingRatio, aligned),
    );
    return tf.tensor3d(joined(matrices), [count, outputHeight, height]);
  };
  // One copy for each output row, since a batched product pairs its matrices one to one.
  const columns = (): tf.Tensor3D => {
    const matrices = boxes.flatMap(({ x0, x1, mirrored = false }) => {
      const sampling = axisSampling(x0, x1, width, outputWidth, samplingRatio, aligned);
      const matrix = mirrored ? reverseRows(sampling, width) : sampling;
      return Array.from({ length: outputHeight }, () => matrix);
    });
    return tf.tensor3d(joined(matrices), [count * outputHeight, outputWidth, width]);
  };
  const onePerImage = count === batch && boxes.every(({ image }, i) => image === i);

  return differentiable<tf.Tensor4D, 'features'>(
    { features },
    () => {
      const flat = tf.reshape<tf.Rank.R3>(features, [batch, height, width * channels]);
      const images = onePerImage
        ? flat
        : tf.gather(
            flat,
            boxes.map(({ image }) => image),
          );
      const sampledRows = tf.reshape(tf.matMul(rows(), images), [count * outputHeight, width, channels]);
      return tf.reshape(tf.matMul(columns(), sampledRows), [count, outputHeight, outputWidth, channels]);
    },
    (dy) => ({
      features: () => {
        const bins = tf.reshape(dy, [count * outputHeight, outputWidth, channels]);
        const sampledRows = tf.reshape(tf.matMul(columns(), bins, true), [
          count,
          outputHeight,
          width * channels,
        ]);
        const images = tf.matMul(rows(), sampledRows, true);
        if (onePerImage) return tf.reshape(images, [batch, height, width, channels]);
        const owners = tf.tensor2d(ownership(boxes, batch), [batch, count]);
        const summed = tf.matMul(owners, tf.reshape<tf.Rank.R2>(images, [count, height * width * channels]));
        return tf.reshape(summed, [batch, height, width, channels]);
      },
    }),
  );
}

function assertBoxes(boxes: readonly RegionBox[], batch: number): void {
  if (boxes.length === 0) {
    throw new PixconError('invalid-argument', 'roiAlign: boxes must hold at least one box, got none');
  }
  boxes.forEach(({ image, x0, y0, x1, y1 }, i) => {
    assertNumber('roiAlign', `boxes[${i}].image`, image, { minimum: 0, maximum: batch - 1, integer: true });
    for (const edge of [x0, y0, x1, y1]) assertNumber('roiAlign', `an edge of boxes[${i}]`, edge);
  });
}

/** `[batch, boxes]`: 1 where the box is of the image. */
function ownership(boxes: readonly RegionBox[], batch: number): Float32Array {
  const owners = new Float32Array(batch * boxes.length);
  boxes.forEach(({ image }, i) => {
    owners[image * boxes.length + i] = 1;
  });
  return owners;
}

function reverseRows(matrix: Float32Array, width: number): Float32Array {
  const rows = matrix.length / width;
  const reversed = new Float32Array(matrix.length);
  for (let i = 0; i < rows; i++) {
    reversed.set(matrix.subarray(i * width, (i + 1) * width), (rows - 1 - i) * width);
  }
  return reversed;
}

function joined(matrices: readonly Float32Array[]): Float32Array {
  const size = matrices[0]?.length ?? 0;
  const all = new Float32Array(size * matrices.length);
  matrices.forEach((matrix, i) => {
    all.set(matrix, i * size);
  });
  return all;
}
