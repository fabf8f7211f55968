import { type Grid, overlapInView } from '@pixcon/core';
import { element } from '../markup.ts';
import { color } from '../theme.ts';
import type { EncodedPair } from './encode-pair.ts';
import { gridLines, image, overlapOutline, viewColors, viewNames } from './parts.ts';

/** A view for lines to be drawn over: its cells and its overlap, at the origin. */
export function viewWithGrid(pair: EncodedPair, which: 0 | 1, side: number, grid: Grid): string {
  return (
    image(pair.views[which], side, side) +
    // Lines and colours stand out from a darker photo.
    element('rect', { width: side, height: side, 'fill-opacity': 0.3 }) +
    gridLines(grid, side) +
    overlapOf(pair, which, side)
  );
}

/** What a view shares with the other, dashed. */
export function overlapOf(pair: EncodedPair, which: 0 | 1, side: number): string {
  const [view, other] = which === 0 ? pair.views : [pair.views[1], pair.views[0]];
  return overlapOutline(overlapInView(view.geometry, other.geometry), side);
}

/** Height of `viewHeading`. */
export const viewHeadingHeight = 18;

/** Which of the two views lies below, with its colour. Beside the picture: dots and cells are below a name inside. */
export function viewHeading(which: 0 | 1): string {
  return (
    element('rect', { y: 2, width: 10, height: 10, rx: 2, fill: viewColors[which] }) +
    element('text', { x: 15, y: 11, 'font-size': 11, fill: color('ink') }, viewNames[which])
  );
}
