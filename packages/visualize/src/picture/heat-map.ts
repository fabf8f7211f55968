import type { Grid } from '@pixcon/core';
import { element, round } from '../markup.ts';
import { colorLevel, weightColors } from './weight-color.ts';

/**
 * Cells coloured by value in [0, 1], see-through, over a rectangle at the origin. Cells of one colour are one
 * path in units of cells, which keeps a report small.
 */
export function heatMap(
  values: ArrayLike<number>,
  grid: Grid,
  width: number,
  height: number,
  opacity: number,
): string {
  const paths = new Map<number, string>();
  for (let row = 0; row < grid.height; row++) {
    for (let column = 0; column < grid.width; column++) {
      const level = colorLevel(values[row * grid.width + column] as number);
      paths.set(level, `${paths.get(level) ?? ''}M${column} ${row}h1v1h-1z`);
    }
  }
  const colors = weightColors();
  const cells = [...paths].map(([level, d]) => element('path', { fill: colors[level], d }));
  return element(
    'g',
    {
      transform: `scale(${round4(width / grid.width)} ${round4(height / grid.height)})`,
      'fill-opacity': opacity,
      'shape-rendering': 'crispEdges',
    },
    ...cells,
  );
}

/** Scales keep more digits than coordinates: they are multiplied by the grid. */
function round4(value: number): string {
  return String(Math.round(value * 1e4) / 1e4);
}

/** A colour bar with the values of its ends. */
export function colorBar(x: number, y: number, width: number, from: string, to: string, ink: string): string {
  const colors = weightColors();
  const step = width / colors.length;
  const bars = colors.map((fill, level) =>
    // A little wider than a step: no seams.
    element('rect', {
      x: x + level * step,
      y,
      width: step + (level < colors.length - 1 ? 0.5 : 0),
      height: 8,
      fill,
    }),
  );
  const text = (at: number, anchor: string, value: string) =>
    element('text', { x: round(at), y: y + 8, 'text-anchor': anchor, fill: ink, 'font-size': 11 }, value);
  return bars.join('') + text(x - 5, 'end', from) + text(x + width + 5, 'start', to);
}
