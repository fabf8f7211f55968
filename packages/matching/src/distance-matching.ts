import { assertNumber, cellCentre, type Grid, type MatchingStrategy, type ViewGeometry } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { assertMatchInput } from './assert-match-input.ts';

export interface DistanceOptions {
  /** Largest distance of a pair, in diagonals of a cell of the view with larger cells; above 0. Default 0.7. */
  readonly radius?: number;
}

/**
 * All pairs of a query and a key cell that lie near each other in the source image: PixPro's assignment. Cells i and j
 * are a pair, A_ij = 1, when
 *
 *     ‖centre_i − centre_j‖ / max(diagonal of a query cell, diagonal of a key cell) < radius
 *
 * with flips undone. A query cell can have several pairs, or none. Distances are in pixels of the source image; the
 * authors divide x and y by the image's width and height first, which stretches the circle in images that are not
 * square.
 *
 * @returns `[batch × query cells × key cells]`, 1 for a pair and 0 for none
 * @throws PixconError `invalid-argument` for an empty grid, a radius that is not above 0, or lists of different length
 * @see Xie et al. 2021, PixPro, arXiv:2011.10043; the authors' `regression_loss`
 *
 * @example
 * const query = { box: { x0: 0, y0: 0, x1: 4, y1: 1 }, flipped: false };
 * const key = { box: { x0: 2, y0: 0, x1: 6, y1: 1 }, flipped: false };
 * distancePairs([query], [key], { height: 1, width: 2 }); // => [0, 0, 1, 0]
 */
export function distancePairs(
  queryGeometry: readonly ViewGeometry[],
  keyGeometry: readonly ViewGeometry[],
  grid: Grid,
  options: DistanceOptions = {},
): Float32Array {
  const { radius = 0.7 } = options;
  const { height, width } = grid;
  assertNumber('distancePairs', 'grid.height', height, { minimum: 1, integer: true });
  assertNumber('distancePairs', 'grid.width', width, { minimum: 1, integer: true });
  assertNumber('distancePairs', 'radius', radius, { minimum: 0, exclusiveMinimum: true });
  const images = queryGeometry.length;
  assertNumber('distancePairs', 'the number of key views', keyGeometry.length, {
    minimum: images,
    maximum: images,
  });
  const cells = height * width;
  const pairs = new Float32Array(images * cells * cells);
  for (const [image, query] of queryGeometry.entries()) {
    const squares = squaredDistances(query, keyGeometry[image] as ViewGeometry, grid);
    for (let i = 0; i < cells; i++) {
      for (let j = 0; j < cells; j++) {
        pairs[(image * cells + i) * cells + j] = Number(Math.sqrt(squares(i, j)) < radius);
      }
    }
  }
  return pairs;
}

/**
 * Matches each query cell to the key cell whose centre is nearest in the source image, with weight 1 where the two are
 * a pair of `distancePairs` and 0 where not even the nearest is. Features are not looked at. PixPro itself uses all
 * pairs; this is their picture, and a matching for other methods.
 *
 * @throws PixconError `invalid-shape` when features and grid do not fit; `invalid-argument` for a radius that is not
 *   above 0
 *
 * @example
 * const matching = distanceMatching({ radius: 0.7 });
 * const { index, weight } = matching(input); // each [batch, cells]
 */
export function distanceMatching(options: DistanceOptions = {}): MatchingStrategy {
  const { radius = 0.7 } = options;
  assertNumber('distanceMatching', 'radius', radius, { minimum: 0, exclusiveMinimum: true });
  const distance: MatchingStrategy = (input) => {
    assertMatchInput('distanceMatching', input);
    const { query, grid, queryGeometry, keyGeometry } = input;
    const shape: [number, number] = [query.shape[0], grid.height * grid.width];
    const [index, weight] = [new Int32Array(shape[0] * shape[1]), new Float32Array(shape[0] * shape[1])];
    for (const [image, view] of queryGeometry.entries()) {
      const squares = squaredDistances(view, keyGeometry[image] as ViewGeometry, grid);
      for (let i = 0; i < shape[1]; i++) {
        const from = Array.from({ length: shape[1] }, (_, j) => squares(i, j));
        const nearest = Math.min(...from);
        index[image * shape[1] + i] = from.indexOf(nearest);
        weight[image * shape[1] + i] = Number(Math.sqrt(nearest) < radius);
      }
    }
    return { index: tf.tensor2d(index, shape, 'int32'), weight: tf.tensor2d(weight, shape, 'float32') };
  };
  return Object.assign(distance, { settings: { radius } });
}

/** The squared distance of query cell i and key cell j, in diagonals of the larger cell. */
function squaredDistances(
  query: ViewGeometry,
  key: ViewGeometry,
  grid: Grid,
): (i: number, j: number) => number {
  const centres = (view: ViewGeometry) =>
    Array.from({ length: grid.height * grid.width }, (_, cell) =>
      cellCentre(view, grid, Math.floor(cell / grid.width), cell % grid.width),
    );
  const diagonal = ({ box }: ViewGeometry) =>
    Math.hypot((box.x1 - box.x0) / grid.width, (box.y1 - box.y0) / grid.height);
  const [from, to] = [centres(query), centres(key)];
  const unit = Math.max(diagonal(query), diagonal(key));
  return (i, j) => {
    const [a, b] = [from[i], to[j]] as [{ x: number; y: number }, { x: number; y: number }];
    return ((a.x - b.x) / unit) ** 2 + ((a.y - b.y) / unit) ** 2;
  };
}
