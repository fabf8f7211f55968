import { assertNumber, assertShape, overlapInView, type ViewGeometry } from '@pixcon/core';
import { roiAlign } from '@pixcon/ops';
import type * as tf from '@tensorflow/tfjs-core';

/**
 * Inverse augmentation: the part of each view's map that lies in its other view, resampled to the size of the map, its
 * flip undone. Done to both views with their roles exchanged, the same cell of both results shows the same place of the
 * image: a matching by coordinates that interpolates instead of choosing cells. The part is sampled by RoIAlign, whose
 * gradient flows to the map. For an image whose views share nothing it is 0 everywhere.
 *
 * @param map `[batch, height, width, channels]`, such as scores against prototypes
 * @param geometry of the views that the map was computed of, one per image
 * @param otherGeometry of their other views
 * @returns `[batch, height, width, channels]`, which the caller disposes
 * @throws PixconError `invalid-shape`; `invalid-argument` for lists of another length than the batch
 * @see Wen et al. 2022, SlotCon, arXiv:2205.15288; the authors' `invaug`
 *
 * @example
 * const aligned = [0, 1].map((side) => alignOverlap(maps[side], geometry[side], geometry[1 - side]));
 */
export function alignOverlap(
  map: tf.Tensor4D,
  geometry: readonly ViewGeometry[],
  otherGeometry: readonly ViewGeometry[],
): tf.Tensor4D {
  assertShape('alignOverlap', 'map', map, [null, null, null, null]);
  const [batch, height, width] = map.shape;
  const exactly = { minimum: batch, maximum: batch };
  assertNumber('alignOverlap', 'the number of views', geometry.length, exactly);
  assertNumber('alignOverlap', 'the number of other views', otherGeometry.length, exactly);
  const boxes = geometry.map((view, image) => {
    const nothing = { x0: 0, y0: 0, x1: 0, y1: 0 };
    const { x0, y0, x1, y1 } = overlapInView(view, otherGeometry[image] as ViewGeometry) ?? nothing;
    const mirrored = view.flipped;
    return { image, x0: x0 * width, y0: y0 * height, x1: x1 * width, y1: y1 * height, mirrored };
  });
  return roiAlign(map, boxes, { outputHeight: height, outputWidth: width });
}
