import { assertNumber, PixconError, type ViewGeometry } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { assertCount, assertImages } from './internal/per-image.ts';
import { onPlanes } from './internal/planes.ts';
import { resample } from './internal/resample.ts';
import { writeSamplingMatrix } from './internal/sampling-matrix.ts';

export interface ResizeOptions {
  /** Rows of the result. */
  readonly height: number;
  /** Columns of the result. */
  readonly width: number;
  /** Widens the filter by the scale when shrinking, as Pillow does. Default true. */
  readonly antialias?: boolean;
}

/**
 * Bilinear resize of a batch, pixel centres at halves.
 *
 * Source: torchvision `functional.resize` on tensors, `InterpolationMode.BILINEAR`.
 *
 * @param images `[batch, height, width, 3]`
 * @returns `[batch, options.height, options.width, 3]`; the caller disposes it
 * @throws PixconError `invalid-shape`, `invalid-argument`
 *
 * @example
 * resize(images, { height: 96, width: 96 }); // [2, 133, 150, 3] => [2, 96, 96, 3]
 */
export function resize(images: tf.Tensor4D, options: ResizeOptions): tf.Tensor4D {
  const { height, width, antialias = true } = options;
  assertImages('resize', images);
  assertSize('resize', height, width);
  const [, oldHeight, oldWidth] = images.shape;
  const whole = { box: { x0: 0, y0: 0, x1: oldWidth, y1: oldHeight }, flipped: false };
  return cropPlanes(images, [whole], { height, width, antialias });
}

/**
 * Cuts from every image its own view, resizes it and mirrors it where asked: two matrix products for the whole
 * batch. For images that already are on the device with one size; `cropAndResize` of `@pixcon/datasets` does
 * the same for decoded files of any size, off the main thread.
 *
 * Source: torchvision `functional.resized_crop` on tensors, then `functional.hflip`.
 *
 * @param images `[batch, height, width, 3]`
 * @param geometry one per image, boxes in whole pixels inside the image
 * @returns `[batch, options.height, options.width, 3]`; the caller disposes it
 * @throws PixconError `invalid-shape`, `invalid-argument`
 *
 * @example
 * const box = { x0: 11, y0: 7, x1: 72, y1: 87 };
 * resizedCrop(images, [{ box, flipped: true }], { height: 64, width: 64 }); // [1, 133, 150, 3] => [1, 64, 64, 3]
 */
export function resizedCrop(
  images: tf.Tensor4D,
  geometry: readonly ViewGeometry[],
  options: ResizeOptions,
): tf.Tensor4D {
  const { height, width, antialias = true } = options;
  assertImages('resizedCrop', images);
  assertCount('resizedCrop', images, 'geometry', geometry);
  assertSize('resizedCrop', height, width);
  const [, oldHeight, oldWidth] = images.shape;
  for (const view of geometry) assertInside(view, oldHeight, oldWidth);
  return cropPlanes(images, geometry, { height, width, antialias });
}

/** One view per image, or one for all. */
function cropPlanes(
  images: tf.Tensor4D,
  geometry: readonly ViewGeometry[],
  { height, width, antialias }: Required<ResizeOptions>,
): tf.Tensor4D {
  const [, oldHeight, oldWidth] = images.shape;
  const count = geometry.length;
  const vertical = new Float32Array(count * oldHeight * height);
  const horizontal = new Float32Array(count * oldWidth * width);
  for (const [image, { box, flipped }] of geometry.entries()) {
    const down = { from: box.y0, to: box.y1, size: height, flipped: false, antialias };
    const across = { from: box.x0, to: box.x1, size: width, flipped, antialias };
    writeSamplingMatrix(vertical, image * oldHeight * height, down);
    writeSamplingMatrix(horizontal, image * oldWidth * width, across);
  }
  return onPlanes(images, (planes) =>
    resample(planes, {
      vertical: tf.tensor3d(vertical, [count, oldHeight, height]),
      horizontal: tf.tensor3d(horizontal, [count, oldWidth, width]),
    }),
  );
}

function assertSize(where: string, height: number, width: number): void {
  assertNumber(where, 'height', height, { minimum: 1, integer: true });
  assertNumber(where, 'width', width, { minimum: 1, integer: true });
}

function assertInside({ box }: ViewGeometry, height: number, width: number): void {
  const { x0, y0, x1, y1 } = box;
  const whole = [x0, y0, x1, y1].every(Number.isInteger);
  if (whole && x0 >= 0 && y0 >= 0 && x1 > x0 && y1 > y0 && x1 <= width && y1 <= height) return;
  throw new PixconError(
    'invalid-argument',
    `resizedCrop: every box must lie in the ${width} × ${height} image in whole pixels, got ` +
      `x ${x0} to ${x1}, y ${y0} to ${y1}`,
  );
}
