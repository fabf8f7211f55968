import { element, svgDocument } from '../markup.ts';
import { color } from '../theme.ts';
import { colorBar } from './heat-map.ts';

/** Two lines where the place is narrow. */
export function matchLegendHeight(width: number): number {
  return width < 560 ? 46 : 20;
}

/** What the lines of `drawMatches` mean, at the origin. */
export function drawMatchLegend(width: number): string {
  const ink = color('ink');
  const bar =
    element('text', { y: 13, fill: ink, 'font-size': 11 }, 'weight') + colorBar(54, 5, 120, '0', '1', ink);
  const sample = (x: number, dashed: boolean, text: string) =>
    element('path', {
      d: `M${x + 6} 9H${x + 30}`,
      stroke: ink,
      'stroke-width': 1.5,
      'stroke-dasharray': dashed ? '5 3' : undefined,
    }) +
    element('circle', {
      cx: x + 4,
      cy: 9,
      r: 2.75,
      fill: dashed ? 'none' : ink,
      stroke: ink,
      'stroke-width': 1.5,
    }) +
    element('text', { x: x + 36, y: 13, fill: ink, 'font-size': 11 }, text);
  const marks =
    sample(0, false, 'query in the overlap') + sample(width < 560 ? 164 : 180, true, 'query outside');
  const place = width < 560 ? 'translate(0 26)' : 'translate(230 0)';
  return bar + element('g', { transform: place }, marks);
}

/** The same as a picture of its own, for a page that shows many. */
export function matchLegend(width: number): string {
  return svgDocument(width, matchLegendHeight(width), 'Colours and marks of matches', drawMatchLegend(width));
}
