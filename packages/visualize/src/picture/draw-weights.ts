import type { PairInspection } from '../inspection.ts';
import { element, round, svgDocument } from '../markup.ts';
import { color } from '../theme.ts';
import { checkInspection } from './check-inspection.ts';
import type { EncodedPair } from './encode-pair.ts';
import { colorBar, heatMap } from './heat-map.ts';
import { grayFilter, grayImage } from './parts.ts';
import { overlapOf } from './view-with-grid.ts';

export interface DrawWeightsOptions {
  /** Of the picture, in pixels. Default 340. */
  readonly width?: number;
  /** A colour bar below. Default true. */
  readonly legend?: boolean;
}

/**
 * The query view under the weight of each of its cells, the overlap dashed.
 *
 * @param pair from `encodePair`
 * @param inspection of the same pair
 * @returns an SVG document
 * @throws PixconError `invalid-shape` for an inspection whose arrays do not fit its grid
 *
 * Source: PixCon, Figure 5.
 *
 * @example
 * const svg = drawWeights(pair, inspection, { width: 480 });
 */
export function drawWeights(
  pair: EncodedPair,
  inspection: PairInspection,
  options: DrawWeightsOptions = {},
): string {
  const { width = 340, legend = true } = options;
  checkInspection('drawWeights', inspection);
  const { grid, weight } = inspection;
  const mean = weight.reduce((sum, value) => sum + value, 0) / weight.length;
  const name = `${pair.name}: weights of the cells of the query view, ${mean.toFixed(2)} on average`;
  const ink = color('ink');
  const bar =
    element('text', { y: 13, fill: ink, 'font-size': 11 }, 'weight') + colorBar(54, 5, 120, '0', '1', ink);
  return svgDocument(
    width,
    width + (legend ? 30 : 0),
    name,
    grayFilter,
    grayImage(pair.views[0], width, width),
    heatMap(weight, grid, width, width, 0.6),
    overlapOf(pair, 0, width),
    ...(legend ? [element('g', { transform: `translate(0 ${round(width + 10)})` }, bar)] : []),
  );
}
