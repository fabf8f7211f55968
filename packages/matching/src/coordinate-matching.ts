import { assertOneOf, cellCentre, type Grid, type MatchingStrategy, type ViewGeometry } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { assertMatchInput } from './assert-match-input.ts';
import { type MaskRule, overlapMask } from './overlap-mask.ts';

export interface CoordinateMatchingOptions {
  /** Which cells lie in the overlap. Default `centre`: those whose centre does. */
  readonly mask?: MaskRule;
}

/**
 * Matches each query cell to the key cell whose centre is nearest in the source image, flips undone; of equals, to
 * the first. The weight is 1 in the overlap of the views and 0 outside (`mask`): PixCon-Coord. Features are not
 * looked at.
 *
 * The authors published no code for this variant; the nearest centre is our definition.
 *
 * @throws PixconError `invalid-shape` when features and grid do not fit; `invalid-argument` for an unknown rule
 *
 * @example
 * const matching = coordinateMatching();
 * const { index, weight } = matching(input); // each [batch, cells]
 */
export function coordinateMatching(options: CoordinateMatchingOptions = {}): MatchingStrategy {
  const { mask = 'centre' } = options;
  assertOneOf('coordinateMatching', 'mask', mask, ['centre', 'area', 'truncated']);
  const coordinate: MatchingStrategy = (input) => {
    assertMatchInput('coordinateMatching', input);
    const { query, grid, queryGeometry, keyGeometry } = input;
    const cells = grid.height * grid.width;
    const shape: [number, number] = [query.shape[0], cells];
    const index = new Int32Array(shape[0] * cells);
    for (const [image, view] of queryGeometry.entries()) {
      index.set(nearestCells(view, keyGeometry[image] as ViewGeometry, grid), image * cells);
    }
    return {
      index: tf.tensor2d(index, shape, 'int32'),
      weight: tf.tensor2d(overlapMask(queryGeometry, keyGeometry, grid, mask), shape, 'float32'),
    };
  };
  return Object.assign(coordinate, { settings: { mask } });
}

/**
 * For each cell of `query` the nearest cell of `key`. Crops are axis-aligned, so the nearest column and the nearest
 * row can be found one by one.
 */
function nearestCells(query: ViewGeometry, key: ViewGeometry, grid: Grid): Int32Array {
  const { height, width } = grid;
  const columns = nearest(
    width,
    (i) => cellCentre(query, grid, 0, i).x,
    (i) => cellCentre(key, grid, 0, i).x,
  );
  const rows = nearest(
    height,
    (i) => cellCentre(query, grid, i, 0).y,
    (i) => cellCentre(key, grid, i, 0).y,
  );
  const index = new Int32Array(height * width);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      index[row * width + column] = (rows[row] as number) * width + (columns[column] as number);
    }
  }
  return index;
}

function nearest(count: number, from: (i: number) => number, to: (i: number) => number): number[] {
  const targets = Array.from({ length: count }, (_, i) => to(i));
  return Array.from({ length: count }, (_, i) => {
    const distances = targets.map((target) => Math.abs(target - from(i)));
    return distances.indexOf(Math.min(...distances));
  });
}
