import { assertNumber, PixconError } from '@pixcon/core';
import type { CellAttention, PairInspection } from '../inspection.ts';
import { element, round, svgDocument } from '../markup.ts';
import { color } from '../theme.ts';
import type { EncodedPair } from './encode-pair.ts';
import { colorBar, heatMap } from './heat-map.ts';
import { casedPath, grayFilter, grayImage, rectanglePath } from './parts.ts';

export interface DrawAttentionOptions {
  /** Of the picture, in pixels. Default 340. */
  readonly width?: number;
  /** Which of the chosen cells. Default 0. */
  readonly map?: number;
  /** A colour bar below. Default true. */
  readonly legend?: boolean;
}

/**
 * The photo under the self-attention of a chosen cell, which is framed: how alike each cell is to it. Colours
 * span the cosines of the other cells, from the smallest to the largest, which the colour bar names.
 *
 * @param pair from `encodePair`
 * @param inspection of the same pair
 * @returns an SVG document
 * @throws PixconError `invalid-argument` where there is no such map, `invalid-shape` where it does not fit its grid
 *
 * Source: PixCon, Figure 4.
 *
 * @example
 * const svg = drawAttention(pair, inspection, { map: 1 });
 */
export function drawAttention(
  pair: EncodedPair,
  inspection: PairInspection,
  options: DrawAttentionOptions = {},
): string {
  const { width = 340, map: which = 0, legend = true } = options;
  assertNumber('drawAttention', 'map', which, { minimum: 0, integer: true });
  const { grid, maps } = inspection.attention;
  const map = maps[which];
  if (!map) {
    throw new PixconError(
      'invalid-argument',
      `drawAttention: expected a map below ${maps.length}, got ${which}`,
    );
  }
  const { cell, cosine } = map;
  if (cosine.length !== grid.height * grid.width || !(cell >= 0 && cell < cosine.length)) {
    throw new PixconError(
      'invalid-shape',
      `drawAttention: expected a cosine for each cell of ${grid.height} × ${grid.width} and a cell among them, got ${cosine.length} and cell ${cell}`,
    );
  }
  const { low, high } = attentionRange(map);
  const { photo } = pair;
  const height = (width * photo.height) / photo.width;
  const [row, column] = [Math.floor(cell / grid.width), cell % grid.width];
  const frame = {
    x0: (column * width) / grid.width,
    y0: (row * height) / grid.height,
    x1: ((column + 1) * width) / grid.width,
    y1: ((row + 1) * height) / grid.height,
  };
  const ink = color('ink');
  const bar =
    element('text', { y: 13, fill: ink, 'font-size': 11 }, 'cosine') +
    colorBar(72, 5, 120, low.toFixed(2), high.toFixed(2), ink);
  const name = `${pair.name}: self-attention of the cell in row ${row + 1}, column ${column + 1}; cosines from ${low.toFixed(2)} to ${high.toFixed(2)}`;
  const scaled = Array.from(cosine, (value) => (high > low ? (value - low) / (high - low) : 1));
  return svgDocument(
    width,
    height + (legend ? 30 : 0),
    name,
    grayFilter,
    grayImage(photo, width, height),
    heatMap(scaled, grid, width, height, 0.6),
    casedPath(rectanglePath(frame), '#ffffff', 2),
    ...(legend ? [element('g', { transform: `translate(0 ${round(height + 10)})` }, bar)] : []),
  );
}

/** The smallest and largest cosine of a map, but for the chosen cell's own, which is 1. */
export function attentionRange({ cell, cosine }: CellAttention): {
  readonly low: number;
  readonly high: number;
} {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const [at, value] of cosine.entries()) {
    if (Number.isNaN(value) || (at === cell && cosine.length > 1)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low <= high ? { low, high } : { low: 0, high: 0 };
}
