import { assertNumber, assertOneOf } from '@pixcon/core';
import type { PairInspection } from '../inspection.ts';
import { element, round, svgDocument } from '../markup.ts';
import { checkInspection } from './check-inspection.ts';
import { chooseMatches, type MatchSelection } from './choose-matches.ts';
import type { EncodedPair } from './encode-pair.ts';
import { drawMatchLegend, matchLegendHeight } from './match-legend.ts';
import { casedPath } from './parts.ts';
import { viewWithGrid } from './view-with-grid.ts';
import { colorLevel, weightColors } from './weight-color.ts';

export interface DrawMatchesOptions {
  /** Of the picture, in pixels. Default 680 for a row, 340 for a column. */
  readonly width?: number;
  /** The key view beside the query view, or below it, for narrow places. Default `row`. */
  readonly layout?: 'row' | 'column';
  /** Draws at most this many matches. Default 25. */
  readonly lines?: number;
  /** Which matches are drawn when there are more. Default `even`. */
  readonly select?: MatchSelection;
  /** What the colours and marks mean, below. Default true. */
  readonly legend?: boolean;
}

/**
 * The two views, each query cell joined with its key cell by a line coloured by the weight of the match. A query
 * cell in the overlap has a filled dot and a solid line, one outside a ring and a dashed line.
 *
 * @param pair from `encodePair`
 * @param inspection of the same pair
 * @returns an SVG document
 * @throws PixconError `invalid-shape` for an inspection whose arrays do not fit its grid, `invalid-argument` for an
 *   option out of range
 *
 * Source: PixCon, Figure 6.
 *
 * @example
 * const svg = drawMatches(pair, inspection, { select: 'unsure', lines: 12 });
 */
export function drawMatches(
  pair: EncodedPair,
  inspection: PairInspection,
  options: DrawMatchesOptions = {},
): string {
  const { layout = 'row', lines = 25, select = 'even', legend = true } = options;
  const { width = layout === 'row' ? 680 : 340 } = options;
  assertOneOf('drawMatches', 'layout', layout, ['row', 'column']);
  assertOneOf('drawMatches', 'select', select, ['even', 'heaviest', 'unsure']);
  assertNumber('drawMatches', 'lines', lines, { minimum: 0, integer: true });
  assertNumber('drawMatches', 'width', width, { minimum: 40 });
  checkInspection('drawMatches', inspection);

  const gap = 10;
  const side = layout === 'row' ? (width - gap) / 2 : width;
  const away = side + gap;
  const key = layout === 'row' ? { x: away, y: 0 } : { x: 0, y: away };
  const bottom = layout === 'row' ? side : away + side;
  const cells = chooseMatches(inspection, select, lines);
  const name = `${pair.name}: ${cells.length} matches between the query view and the key view, coloured by weight`;
  return svgDocument(
    width,
    bottom + (legend ? 10 + matchLegendHeight(width) : 0),
    name,
    viewWithGrid(pair, 0, side, inspection.grid),
    element(
      'g',
      { transform: `translate(${round(key.x)} ${round(key.y)})` },
      viewWithGrid(pair, 1, side, inspection.grid),
    ),
    drawLines(inspection, cells, side, key),
    ...(legend
      ? [element('g', { transform: `translate(0 ${round(bottom + 10)})` }, drawMatchLegend(width))]
      : []),
  );
}

interface Position {
  readonly x: number;
  readonly y: number;
}

/** How far the control point of a line lies beside its middle, in lengths of the line. */
const bow = 0.14;

/** From light to heavy, so that heavy matches lie on top; dots above all lines. */
function drawLines(
  { grid, index, weight, inOverlap }: PairInspection,
  cells: readonly number[],
  side: number,
  key: Position,
): string {
  const colors = weightColors();
  const centre = (cell: number) => ({
    x: (((cell % grid.width) + 0.5) / grid.width) * side,
    y: ((Math.floor(cell / grid.width) + 0.5) / grid.height) * side,
  });
  const matches = cells
    .map((cell) => {
      const [from, to] = [centre(cell), centre(index[cell] as number)];
      const inside = (inOverlap[cell] as number) > 0.5;
      const level = colorLevel(weight[cell] as number);
      return { from, to: { x: to.x + key.x, y: to.y + key.y }, inside, level };
    })
    .sort((a, b) => a.level - b.level);
  const path = ({ from, to }: (typeof matches)[number]) =>
    `M${round(from.x)} ${round(from.y)}Q${bend(from, to)} ${round(to.x)} ${round(to.y)}`;
  return (
    matches
      .map((match) =>
        casedPath(path(match), colors[match.level] as string, 1.5, match.inside ? undefined : '5 3'),
      )
      .join('') +
    matches
      .flatMap(({ from, to, inside, level }) =>
        [from, to].map((end) => dot(end, inside, colors[level] as string)),
      )
      .join('')
  );
}

/** The control point of a slight curve: straight lines along one row or column would lie on each other. */
function bend(from: Position, to: Position): string {
  const [across, down] = [to.x - from.x, to.y - from.y];
  return `${round((from.x + to.x) / 2 - bow * down)} ${round((from.y + to.y) / 2 + bow * across)}`;
}

function dot({ x, y }: Position, filled: boolean, fill: string): string {
  return filled
    ? element('circle', { cx: x, cy: y, r: 3, fill, stroke: '#000000', 'stroke-width': 0.75 })
    : element('circle', {
        cx: x,
        cy: y,
        r: 2.75,
        fill: '#000000',
        'fill-opacity': 0.6,
        stroke: fill,
        'stroke-width': 1.5,
      });
}
