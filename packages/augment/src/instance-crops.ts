import { area, assertNumber, type Box, intersect, type RandomStream, type ViewGeometry } from '@pixcon/core';
import { sampleTwoCrops, type TwoCropOptions } from './two-crops.ts';

/** How two views and the instances that they share are drawn. */
export interface InstanceCropOptions extends TwoCropOptions {
  /** Instances to cut. Default 4. */
  readonly count?: number;
  /** Pairs of views that are tried before boxes are made up. Default 20. */
  readonly pairAttempts?: number;
  /** Least side of a made-up box, as a fraction of the image's longer side. Default 0.1. */
  readonly minimumSide?: number;
}

/** Two views of an image, and regions from where they overlap. */
export interface InstanceCrops {
  readonly views: readonly [ViewGeometry, ViewGeometry];
  /** `count` of them; each lies in both views. */
  readonly instances: readonly ViewGeometry[];
}

/** Draws of a made-up box before it may be long or much the same as another one. */
const boxAttempts = 10;

/**
 * Draws two views by `sampleTwoCrops` until at least `count` of the proposals lie in both, at most `pairAttempts`
 * times, and chooses `count` of these at random. Where no pair has as many, the pair with the most stays (of these,
 * the one that overlaps most), and boxes are made up in its overlap: at most three times as long as wide and with an
 * intersection over union of 0.5 at most with the other instances, as far as ten draws can have it. Each instance is
 * mirrored with `flipProbability`, on its own.
 *
 * Source: UniVIP (Li et al. 2022), arXiv:2203.06965. The choice among more than `count` proposals, and among pairs that
 * share too few, is ours.
 *
 * @param width of the source image, in pixels
 * @param height of the source image, in pixels
 * @param proposals boxes in pixels of the source image
 * @throws PixconError `invalid-argument` for a size or option out of range
 *
 * @example
 * const { views, instances } = sampleInstanceCrops(640, 480, proposals, new RandomStream(0));
 * instances.length; // => 4
 */
export function sampleInstanceCrops(
  width: number,
  height: number,
  proposals: readonly Box[],
  random: RandomStream,
  options: InstanceCropOptions = {},
): InstanceCrops {
  const { count = 4, pairAttempts = 20, minimumSide = 0.1, ...crops } = options;
  const where = 'sampleInstanceCrops';
  assertNumber(where, 'count', count, { minimum: 1, integer: true });
  assertNumber(where, 'pairAttempts', pairAttempts, { minimum: 1, integer: true });
  assertNumber(where, 'minimumSide', minimumSide, { minimum: 0, maximum: 1 });

  const { views, overlap, inside } = drawPair(
    (attempt) => sampleTwoCrops(width, height, random.fork('pair', attempt), crops),
    { proposals, count, pairAttempts },
  );
  const draws = random.fork('instances');
  const order = draws.permutation(inside.length).subarray(0, count);
  const boxes = Array.from(order, (index) => inside[index] as Box);
  const least = minimumSide * Math.max(width, height);
  while (boxes.length < count) boxes.push(makeUp(overlap, least, boxes, draws));
  const { flipProbability = 0.5 } = crops;
  return { views, instances: boxes.map((box) => ({ box, flipped: draws.chance(flipProbability) })) };
}

interface Pair {
  readonly views: readonly [ViewGeometry, ViewGeometry];
  readonly overlap: Box;
  /** The proposals in the overlap. */
  readonly inside: readonly Box[];
}

interface PairOptions {
  readonly proposals: readonly Box[];
  readonly count: number;
  readonly pairAttempts: number;
}

function drawPair(
  draw: (attempt: number) => readonly [ViewGeometry, ViewGeometry],
  { proposals, count, pairAttempts }: PairOptions,
): Pair {
  let best: Pair | undefined;
  for (let attempt = 0; attempt < pairAttempts; attempt++) {
    const views = draw(attempt);
    // Two views always share some of their area.
    const overlap = intersect(views[0].box, views[1].box) as Box;
    const inside = proposals.filter((box) => contains(overlap, box));
    const pair = { views, overlap, inside };
    if (inside.length >= count) return pair;
    if (!best || isBetter(pair, best)) best = pair;
  }
  return best as Pair;
}

function isBetter(pair: Pair, other: Pair): boolean {
  const more = pair.inside.length - other.inside.length;
  return more > 0 || (more === 0 && area(pair.overlap) > area(other.overlap));
}

function contains(outer: Box, { x0, y0, x1, y1 }: Box): boolean {
  return x0 >= outer.x0 && y0 >= outer.y0 && x1 <= outer.x1 && y1 <= outer.y1;
}

/** A random box in whole pixels of `overlap`. */
function makeUp(overlap: Box, least: number, others: readonly Box[], random: RandomStream): Box {
  const [x0, width] = [overlap.x0, overlap.x1 - overlap.x0];
  const [y0, height] = [overlap.y0, overlap.y1 - overlap.y0];
  const side = (length: number) =>
    random.integer(Math.max(1, Math.min(length, Math.ceil(least))), length + 1);
  const draw = (): Box => {
    const [across, down] = [side(width), side(height)];
    const left = x0 + random.integer(0, width - across + 1);
    const top = y0 + random.integer(0, height - down + 1);
    return { x0: left, y0: top, x1: left + across, y1: top + down };
  };
  let box = draw();
  for (let attempt = 1; attempt < boxAttempts && !isFine(box, others); attempt++) box = draw();
  return box;
}

function isFine(box: Box, others: readonly Box[]): boolean {
  const [width, height] = [box.x1 - box.x0, box.y1 - box.y0];
  if (Math.max(width, height) > 3 * Math.min(width, height)) return false;
  return others.every((other) => {
    const common = intersect(box, other);
    const shared = common ? area(common) : 0;
    return shared <= 0.5 * (area(box) + area(other) - shared);
  });
}
