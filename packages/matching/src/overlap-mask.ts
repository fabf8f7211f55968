import {
  assertNumber,
  assertOneOf,
  type Box,
  type Grid,
  overlapInView,
  type ViewGeometry,
} from '@pixcon/core';

/**
 * Which cells of a view count as lying in the other view:
 * - `centre`: those whose centre does
 * - `area`: each by the share of its area that does, from 0 to 1
 * - `truncated`: the authors' rule; both ends of the overlap are rounded down to whole cells, which shrinks it
 */
export type MaskRule = 'centre' | 'area' | 'truncated';

/**
 * The overlap mask of the query views: 1 for cells that lie in the image's key view, 0 for others, between for
 * boundary cells under the rule `area`. Flips are accounted for.
 *
 * `truncated` loses cells at the far edges: on 7×7 cells of a typical crop the mean mask is 1% too small, on 2×2
 * cells 10%, and one mask in eight is empty though the views overlap. Use it only to reproduce the authors.
 *
 * @param rule default `centre`
 * @returns `[batch × cells]`, row by row
 * @throws PixconError `invalid-argument` for an empty grid or an unknown rule
 *
 * @example
 * const query = { box: { x0: 0, y0: 0, x1: 4, y1: 4 }, flipped: false };
 * const key = { box: { x0: 2, y0: 0, x1: 6, y1: 4 }, flipped: false };
 * overlapMask([query], [key], { height: 1, width: 4 }); // => [0, 0, 1, 1]
 */
export function overlapMask(
  queryGeometry: readonly ViewGeometry[],
  keyGeometry: readonly ViewGeometry[],
  grid: Grid,
  rule: MaskRule = 'centre',
): Float32Array {
  assertNumber('overlapMask', 'grid.height', grid.height, { minimum: 1, integer: true });
  assertNumber('overlapMask', 'grid.width', grid.width, { minimum: 1, integer: true });
  assertNumber('overlapMask', 'the number of key views', keyGeometry.length, {
    minimum: queryGeometry.length,
    maximum: queryGeometry.length,
  });
  assertOneOf('overlapMask', 'rule', rule, ['centre', 'area', 'truncated']);
  const { height, width } = grid;
  const mask = new Float32Array(queryGeometry.length * height * width);
  for (const [image, query] of queryGeometry.entries()) {
    const overlap = overlapInView(query, keyGeometry[image] as ViewGeometry);
    if (overlap) fill(mask, image * height * width, grid, overlap, rule);
  }
  return mask;
}

function fill(mask: Float32Array, start: number, { height, width }: Grid, box: Box, rule: MaskRule): void {
  const across = coverage(box.x0 * width, box.x1 * width, width, rule);
  const down = coverage(box.y0 * height, box.y1 * height, height, rule);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      mask[start + row * width + column] = (down[row] as number) * (across[column] as number);
    }
  }
}

/** How much of each of `count` cells along one axis the interval [from, to) covers, in cells. */
function coverage(from: number, to: number, count: number, rule: MaskRule): number[] {
  return Array.from({ length: count }, (_, cell) => {
    switch (rule) {
      case 'centre':
        return Number(from <= cell + 0.5 && cell + 0.5 <= to);
      case 'area':
        return Math.max(0, Math.min(to, cell + 1) - Math.max(from, cell));
      case 'truncated':
        return Number(Math.trunc(nudge(from)) <= cell && cell < Math.trunc(nudge(to)));
    }
    return 0;
  });
}

/** Crops share edges often: a bound that is whole but for float error must not lose a cell to truncation. */
function nudge(bound: number): number {
  const whole = Math.round(bound);
  return Math.abs(bound - whole) < 1e-9 ? whole : bound;
}
