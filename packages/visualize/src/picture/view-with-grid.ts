import { type Grid, overlapInView } from '@pixcon/core';
import { element } from '../markup.ts';
import type { EncodedPair } from './encode-pair.ts';
import { chip, gridLines, image, overlapOutline, viewColors, viewNames } from './parts.ts';

/** A view for lines to be drawn over: its cells, its overlap and its name, at the origin. */
export function viewWithGrid(pair: EncodedPair, which: 0 | 1, side: number, grid: Grid): string {
  return (
    image(pair.views[which], side, side) +
    // Lines and colours stand out from a darker photo.
    element('rect', { width: side, height: side, 'fill-opacity': 0.3 }) +
    gridLines(grid, side) +
    overlapAndName(pair, which, side)
  );
}

/** What a view shares with the other, dashed, and which of the two it is. */
export function overlapAndName(pair: EncodedPair, which: 0 | 1, side: number): string {
  const [view, other] = which === 0 ? pair.views : [pair.views[1], pair.views[0]];
  return (
    overlapOutline(overlapInView(view.geometry, other.geometry), side) +
    chip(viewNames[which], 6, 6, viewColors[which])
  );
}
