import { area, assertNumber, type Box, intersect, type RandomStream, type ViewGeometry } from '@pixcon/core';
import {
  type CropOptions,
  type CropShape,
  centreCrop,
  drawShape,
  placeUniformly,
  type ResolvedCropOptions,
  resolveCropOptions,
  sampleCrop,
} from './crop.ts';

/** How the two crops of an image are drawn. */
export interface TwoCropOptions extends CropOptions {
  /** Each view is mirrored with this probability, on its own. Default 0.5. */
  readonly flipProbability?: number;
  /** The crops share at least this fraction of the second one's area. Default 0.01; at most 1. */
  readonly minimumOverlap?: number;
  /**
   * True: when no second crop was found, both views become the same centre crop, as in the authors' code.
   * Default false.
   */
  readonly reference?: boolean;
}

/**
 * Draws the geometry of two overlapping views. The first crop follows `sampleCrop`; the second is drawn by the
 * same rule until it fits and shares `minimumOverlap` of its area with the first, at most `attempts` times.
 *
 * When none did (5 of 100,000 draws at 640 × 480, but 57 of 100 at 1000 × 200, where few shapes fit), the
 * first crop stays and the second is put over a random point of it, so that the views still differ. The
 * authors make both views the same centre crop there, and then normalise their overlap by the discarded crop's
 * size; `reference: true` follows their choice of crops. The wrong size cannot come back: overlaps are always
 * computed from the boxes of the result.
 *
 * Source: PixCon §5.1; the authors' `CustomTwoCrop`, `CustomRandomHorizontalFlip`.
 *
 * @param width of the source image, in pixels
 * @param height of the source image, in pixels
 * @returns two views, boxes in whole source pixels, the mirror applied after the crop
 * @throws PixconError `invalid-argument` for a size or option out of range
 *
 * @example
 * const [first, second] = sampleTwoCrops(640, 480, new RandomStream(0));
 * overlapInView(first, second); // => the shared part in the first view's [0, 1] coordinates
 */
export function sampleTwoCrops(
  width: number,
  height: number,
  random: RandomStream,
  options: TwoCropOptions = {},
): [ViewGeometry, ViewGeometry] {
  const { flipProbability = 0.5, minimumOverlap = 0.01, reference = false } = options;
  const where = 'sampleTwoCrops';
  const crop = resolveCropOptions(where, width, height, options);
  assertNumber(where, 'flipProbability', flipProbability, { minimum: 0, maximum: 1 });
  assertNumber(where, 'minimumOverlap', minimumOverlap, { minimum: 0, exclusiveMinimum: true, maximum: 1 });

  let first = sampleCrop(width, height, random, crop);
  let second = drawOverlapping(width, height, random, crop, first, minimumOverlap);
  if (!second) {
    if (reference) first = centreCrop(width, height, crop.aspectRatio);
    second = reference ? first : placeOver(width, height, random, crop, first, minimumOverlap);
  }
  return [
    { box: first, flipped: random.chance(flipProbability) },
    { box: second, flipped: random.chance(flipProbability) },
  ];
}

function drawOverlapping(
  width: number,
  height: number,
  random: RandomStream,
  crop: ResolvedCropOptions,
  first: Box,
  minimumOverlap: number,
): Box | undefined {
  for (let attempt = 0; attempt < crop.attempts; attempt++) {
    const shape = drawShape(width, height, random, crop);
    if (!shape) continue;
    const box = placeUniformly(width, height, shape, random);
    if (sharedArea(first, box) >= minimumOverlap * shape.targetArea) return box;
  }
  return undefined;
}

/**
 * A second crop over a random point of the first. Its shape is drawn, or, where none fits, that of the centre
 * crop. A minimum overlap that cannot be had so (say 0.9 with a small first crop) gives the first crop again.
 */
function placeOver(
  width: number,
  height: number,
  random: RandomStream,
  crop: ResolvedCropOptions,
  first: Box,
  minimumOverlap: number,
): Box {
  for (let attempt = 0; attempt < crop.attempts; attempt++) {
    const shape = drawFittingShape(width, height, random, crop);
    const x = random.uniform(first.x0, first.x1);
    const y = random.uniform(first.y0, first.y1);
    const x0 = Math.min(Math.max(0, Math.round(x - shape.width / 2)), width - shape.width);
    const y0 = Math.min(Math.max(0, Math.round(y - shape.height / 2)), height - shape.height);
    const box = { x0, y0, x1: x0 + shape.width, y1: y0 + shape.height };
    if (sharedArea(first, box) >= minimumOverlap * area(box)) return box;
  }
  return first;
}

function drawFittingShape(
  width: number,
  height: number,
  random: RandomStream,
  crop: ResolvedCropOptions,
): CropShape {
  for (let attempt = 0; attempt < crop.attempts; attempt++) {
    const shape = drawShape(width, height, random, crop);
    if (shape) return shape;
  }
  const box = centreCrop(width, height, crop.aspectRatio);
  return { width: box.x1 - box.x0, height: box.y1 - box.y0, targetArea: area(box) };
}

function sharedArea(a: Box, b: Box): number {
  const shared = intersect(a, b);
  return shared ? area(shared) : 0;
}
