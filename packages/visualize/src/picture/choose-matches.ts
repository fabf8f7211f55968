import type { Grid } from '@pixcon/core';
import type { PairInspection } from '../inspection.ts';

/**
 * Which matches are drawn when there are more than fit:
 * - `even`: those of query cells evenly spread over the view
 * - `heaviest`: those with the largest weights
 * - `unsure`: those of query cells in the overlap that are least similar to their key cells (the paper's Figure 6)
 */
export type MatchSelection = 'even' | 'heaviest' | 'unsure';

/** Query cells, at most `count` of them. Ties go to the earlier cell. */
export function chooseMatches(inspection: PairInspection, select: MatchSelection, count: number): number[] {
  const { grid, weight, similarity, inOverlap } = inspection;
  if (select === 'even') return spreadEvenly(grid, count);
  const cells = Array.from({ length: grid.height * grid.width }, (_, cell) => cell);
  const value = (cell: number): number =>
    select === 'heaviest' ? -(weight[cell] as number) : (similarity[cell] as number);
  return cells
    .filter((cell) => select === 'heaviest' || (inOverlap[cell] as number) > 0.5)
    .sort((a, b) => value(a) - value(b) || a - b)
    .slice(0, count);
}

/** Every n-th row and column, centred, for the smallest n that leaves at most `count` cells. */
function spreadEvenly({ height, width }: Grid, count: number): number[] {
  if (count < 1) return [];
  let stride = 1;
  while (Math.ceil(height / stride) * Math.ceil(width / stride) > count) stride++;
  const first = (length: number): number => Math.floor(((length - 1) % stride) / 2);
  const cells: number[] = [];
  for (let row = first(height); row < height; row += stride) {
    for (let column = first(width); column < width; column += stride) cells.push(row * width + column);
  }
  return cells;
}
