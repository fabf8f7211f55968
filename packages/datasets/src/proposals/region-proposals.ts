import { area, assertNumber, type Box, type DecodedImage, intersect, PixconError } from '@pixcon/core';
import { groupRegions } from './group-regions.ts';
import { labPlanes } from './lab-planes.ts';
import { initialRegions } from './region.ts';
import { segmentGraph } from './segment-graph.ts';
import { shrinkImage } from './shrink-image.ts';
import { smooth } from './smooth.ts';

export interface RegionProposalOptions {
  /** The image is searched at this many pixels on its longer side, if it has more. Default 160. */
  readonly longestSide?: number;
  /** How large the first segments are, k of Felzenszwalb and Huttenlocher. Default 100. */
  readonly scale?: number;
  /** Least side of a box, as a fraction of the image's longer side. Default 0.1: 64 of 640 pixels. */
  readonly minimumSide?: number;
  /** A box is at most this many times as wide as high, or as high as wide. Default 3. */
  readonly maximumAspectRatio?: number;
  /** No two boxes share more than this intersection over union. Default 0.5. */
  readonly maximumOverlap?: number;
}

/**
 * Boxes that are likely to hold objects, found without labels: selective search. The image is cut into segments of
 * one look each, the most similar neighbours are joined until one is left, and the boxes around all regions on the way
 * are the proposals, from the last joined to the first segments. A box is dropped where it is too small or too
 * long, and where one before it is much the same; the box of the whole image is never among them.
 *
 * One strategy of the paper's: Lab colours, all four likenesses (colour, texture, size, fill). Differences: slopes
 * are central differences of the smoothed image, in bins of fixed width; the order is that of the grouping,
 * without its random factor, so that an image always gives the same boxes.
 *
 * Takes 10 to 20 ms an image, on the calling thread.
 *
 * @returns boxes in whole pixels of the image; none for an image without any structure
 * @throws PixconError `invalid-argument` for an option out of range, `data` for an image whose data does not fit its
 * size
 * @see Uijlings et al. 2013, Selective Search for Object Recognition, IJCV 104; Felzenszwalb and Huttenlocher 2004
 *
 * @example
 * regionProposals(await dataset.load(0)); // => [{ x0: 12, y0: 40, x1: 80, y1: 97 }, …]
 */
export function regionProposals(image: DecodedImage, options: RegionProposalOptions = {}): Box[] {
  const { longestSide = 160, scale = 100, ...filter } = options;
  const { minimumSide = 0.1, maximumAspectRatio = 3, maximumOverlap = 0.5 } = filter;
  const where = 'regionProposals';
  assertNumber(where, 'longestSide', longestSide, { minimum: 8, integer: true });
  assertNumber(where, 'scale', scale, { minimum: 0, exclusiveMinimum: true });
  assertNumber(where, 'minimumSide', minimumSide, { minimum: 0, maximum: 1 });
  assertNumber(where, 'maximumAspectRatio', maximumAspectRatio, { minimum: 1 });
  assertNumber(where, 'maximumOverlap', maximumOverlap, { minimum: 0, maximum: 1 });
  if (image.data.length !== image.width * image.height * 3) {
    throw new PixconError(
      'data',
      `${where}: an RGB image of ${image.width} × ${image.height} has ${image.width * image.height * 3} bytes, got ${image.data.length}`,
    );
  }

  const small = shrinkImage(image, longestSide);
  const colours = smooth(labPlanes(small), 0.8);
  const minimumSize = Math.max(1, Math.round((small.width * small.height) / 1000));
  const segmentation = segmentGraph(colours, { scale, minimumSize });
  const regions = groupRegions(initialRegions(colours, segmentation), segmentation, small.width);
  const least = minimumSide * Math.max(image.width, image.height);
  const kept: Box[] = [];
  // The last region is the whole image.
  for (const { box } of regions.slice(0, -1).reverse()) {
    const full = enlarge(box, image, small);
    const [width, height] = [full.x1 - full.x0, full.y1 - full.y0];
    if (Math.min(width, height) < least) continue;
    if (Math.max(width, height) > maximumAspectRatio * Math.min(width, height)) continue;
    if (area(full) === image.width * image.height) continue;
    if (kept.every((other) => intersectionOverUnion(full, other) <= maximumOverlap)) kept.push(full);
  }
  return kept;
}

/** The box in pixels of the image itself. */
function enlarge({ x0, y0, x1, y1 }: Box, image: DecodedImage, small: DecodedImage): Box {
  const [across, down] = [image.width / small.width, image.height / small.height];
  return {
    x0: Math.round(x0 * across),
    y0: Math.round(y0 * down),
    x1: Math.round(x1 * across),
    y1: Math.round(y1 * down),
  };
}

function intersectionOverUnion(a: Box, b: Box): number {
  const common = intersect(a, b);
  if (!common) return 0;
  const shared = area(common);
  return shared / (area(a) + area(b) - shared);
}
