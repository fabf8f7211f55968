import { assertNumber, assertOneOf } from '@pixcon/core';
import type { PairInspection } from '../inspection.ts';
import { element, round, svgDocument } from '../markup.ts';
import { checkInspection } from './check-inspection.ts';
import { chooseMatches, type MatchSelection } from './choose-matches.ts';
import type { EncodedPair } from './encode-pair.ts';
import { drawMatchLegend, matchLegendHeight } from './match-legend.ts';
import { casedPath } from './parts.ts';
import { viewHeading, viewHeadingHeight, viewWithGrid } from './view-with-grid.ts';
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

  const { side, query, key, names, bottom } = place(layout, width);
  const cells = chooseMatches(inspection, select, lines);
  const name = `${pair.name}: ${cells.length} matches between the query view and the key view, coloured by weight`;
  const view = (which: 0 | 1, at: Position): string =>
    moveTo(at, viewWithGrid(pair, which, side, inspection.grid)) +
    moveTo({ x: at.x, y: names[which] }, viewHeading(which));
  return svgDocument(
    width,
    bottom + (legend ? 10 + matchLegendHeight(width) : 0),
    name,
    view(0, query),
    view(1, key),
    drawLines(inspection, cells, side, query, key),
    ...(legend ? [moveTo({ x: 0, y: bottom + 10 }, drawMatchLegend(width))] : []),
  );
}

interface Placement {
  readonly side: number;
  readonly query: Position;
  readonly key: Position;
  /** Top of each name. */
  readonly names: readonly [number, number];
  readonly bottom: number;
}

/** Where the views and their names lie: names outside, where no line crosses them. */
function place(layout: 'row' | 'column', width: number): Placement {
  const gap = 10;
  const query = { x: 0, y: viewHeadingHeight };
  if (layout === 'row') {
    const side = (width - gap) / 2;
    return { side, query, key: { x: side + gap, y: query.y }, names: [0, 0], bottom: query.y + side };
  }
  const key = { x: 0, y: query.y + width + gap };
  const below = key.y + width + 4;
  return { side: width, query, key, names: [0, below], bottom: below + viewHeadingHeight };
}

/** Height of the picture without its legend. */
export function matchesHeight(layout: 'row' | 'column', width: number): number {
  return place(layout, width).bottom;
}

function moveTo({ x, y }: Position, ...children: readonly string[]): string {
  return element('g', { transform: `translate(${round(x)} ${round(y)})` }, ...children);
}

interface Position {
  readonly x: number;
  readonly y: number;
}

const dashed = { dash: '5 3' } as const;

/** Colours below this level are dark: they show on a photo with light beside them. */
const darkLevels = 9;

/** How far the control point of a line lies beside its middle, in lengths of the line. */
const bow = 0.14;

/** From light to heavy, so that heavy matches lie on top; dots above all lines. */
function drawLines(
  { grid, index, weight, inOverlap }: PairInspection,
  cells: readonly number[],
  side: number,
  query: Position,
  key: Position,
): string {
  const colors = weightColors();
  const centre = (cell: number) => ({
    x: (((cell % grid.width) + 0.5) / grid.width) * side,
    y: ((Math.floor(cell / grid.width) + 0.5) / grid.height) * side,
  });
  const middle = { x: (query.x + key.x + side) / 2, y: (query.y + key.y + side) / 2 };
  const matches = cells
    .map((cell) => {
      const [from, to] = [centre(cell), centre(index[cell] as number)];
      const inside = (inOverlap[cell] as number) > 0.5;
      const level = colorLevel(weight[cell] as number);
      return { from: add(from, query), to: add(to, key), inside, level };
    })
    .sort((a, b) => a.level - b.level);
  const path = ({ from, to }: (typeof matches)[number]) =>
    `M${round(from.x)} ${round(from.y)}Q${bend(from, to, middle)} ${round(to.x)} ${round(to.y)}`;
  return (
    matches
      .map((match) =>
        casedPath(path(match), colors[match.level] as string, 1.5, {
          ...(match.inside ? {} : dashed),
          casing: {
            color: match.level < darkLevels ? '#ffffff' : '#000000',
            ...(match.inside ? {} : dashed),
          },
        }),
      )
      .join('') +
    matches
      .flatMap(({ from, to, inside, level }) =>
        [from, to].map((end) => dot(end, inside, colors[level] as string)),
      )
      .join('')
  );
}

function add(a: Position, b: Position): Position {
  return { x: a.x + b.x, y: a.y + b.y };
}

/**
 * The control point of a slight curve: straight lines along one row or column would lie on each other. It bends
 * towards the middle of the picture, so that it stays inside.
 */
function bend(from: Position, to: Position, middle: Position): string {
  const [across, down] = [to.x - from.x, to.y - from.y];
  const [x, y] = [(from.x + to.x) / 2, (from.y + to.y) / 2];
  const inwards = (middle.y - y) * across - (middle.x - x) * down < 0 ? -bow : bow;
  return `${round(x - inwards * down)} ${round(y + inwards * across)}`;
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
