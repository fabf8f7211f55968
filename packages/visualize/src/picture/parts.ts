import type { Box, Grid } from '@pixcon/core';
import { element, round } from '../markup.ts';
import { color } from '../theme.ts';
import type { EncodedPicture } from './encode-pair.ts';

/** The two views have these colours wherever they appear; both stand out on photos, dark and bright. */
export const viewColors = ['#ffb000', '#4cc3ff'] as const;
export const viewNames = ['query view', 'key view'] as const;

/** A picture stretched over a rectangle at the origin. */
export function image({ href }: EncodedPicture, width: number, height: number): string {
  if (href.startsWith('#')) {
    return element('use', { href, transform: `scale(${round(width)} ${round(height)})` });
  }
  return element('image', { href, width, height, preserveAspectRatio: 'none' });
}

/** Takes the colour out of a photo below a heat map, whose colours would mix with it. */
export const grayFilter =
  '<filter id="pixcon-gray" x="0" y="0" width="1" height="1" color-interpolation-filters="sRGB"><feColorMatrix type="saturate" values="0"/></filter>';

/** A picture without colour; its document holds `grayFilter`. */
export function grayImage(picture: EncodedPicture, width: number, height: number): string {
  return element('g', { filter: 'url(#pixcon-gray)' }, image(picture, width, height));
}

/** A line over a photo: dark beside it, or light if the line is dark, so that it shows on any ground. */
export function casedPath(
  d: string,
  stroke: string,
  width: number,
  options: {
    readonly dash?: string;
    readonly casing?: { readonly color: string; readonly dash?: string };
  } = {},
): string {
  const { dash, casing = { color: '#000000' } } = options;
  return (
    element('path', {
      d,
      fill: 'none',
      stroke: casing.color,
      'stroke-opacity': casing.color === '#000000' ? 0.5 : 0.35,
      'stroke-width': width + 2,
      'stroke-dasharray': casing.dash,
    }) + element('path', { d, fill: 'none', stroke, 'stroke-width': width, 'stroke-dasharray': dash })
  );
}

/** Path data of a rectangle. */
export function rectanglePath({ x0, y0, x1, y1 }: Box): string {
  return `M${round(x0)} ${round(y0)}H${round(x1)}V${round(y1)}H${round(x0)}Z`;
}

/** The part of a square of `side` that is shared with the other view, dashed; nothing without one. */
export function overlapOutline(overlap: Box | undefined, side: number): string {
  if (!overlap) return '';
  // Half a line inside, so that an edge of the view does not cut it.
  const inset = 1.5;
  const box = {
    x0: Math.max(inset, overlap.x0 * side),
    y0: Math.max(inset, overlap.y0 * side),
    x1: Math.min(side - inset, overlap.x1 * side),
    y1: Math.min(side - inset, overlap.y1 * side),
  };
  return casedPath(rectanglePath(box), '#ffffff', 1.25, { dash: '5 3' });
}

/** The borders between cells, barely there. */
export function gridLines({ height, width }: Grid, side: number): string {
  const rows = Array.from(
    { length: height - 1 },
    (_, row) => `M0 ${round(((row + 1) * side) / height)}H${side}`,
  );
  const columns = Array.from(
    { length: width - 1 },
    (_, column) => `M${round(((column + 1) * side) / width)} 0V${side}`,
  );
  return element('path', {
    d: [...rows, ...columns].join(''),
    stroke: '#ffffff',
    'stroke-opacity': 0.22,
    'stroke-width': 0.5,
  });
}

/** A name on its colour, in the corner of a picture. */
export function chip(
  text: string,
  x: number,
  y: number,
  fill: string,
  anchor: 'start' | 'end' = 'start',
): string {
  const width = Math.round(text.length * 6.1 + 10);
  const left = anchor === 'start' ? x : x - width;
  return (
    element('rect', { x: left, y, width, height: 17, rx: 3, fill }) +
    element(
      'text',
      { x: left + width / 2, y: y + 12.5, 'text-anchor': 'middle', 'font-size': 11, fill: '#14171a' },
      text,
    )
  );
}

/** A heading line of a part of a picture. */
export function heading(text: string, x: number, y: number): string {
  return element('text', { x, y, fill: color('ink'), 'font-size': 13, 'font-weight': 600 }, text);
}
