import { area, type Box, intersect } from '@pixcon/core';
import { element, svgDocument } from '../markup.ts';
import type { EncodedPair } from './encode-pair.ts';
import { casedPath, chip, image, rectanglePath, viewColors, viewNames } from './parts.ts';

export interface DrawOverlapOptions {
  /** Of the picture, in pixels. Default 340. */
  readonly width?: number;
}

/**
 * The photo with the crops of the two views, and their overlap dashed. What neither view shows is dimmed.
 *
 * @param pair from `encodePair`
 * @returns an SVG document
 *
 * @example
 * const svg = drawOverlap(await encodePair(inspectedPair), { width: 640 });
 */
export function drawOverlap(pair: EncodedPair, options: DrawOverlapOptions = {}): string {
  const { width = 340 } = options;
  const { photo, source, views } = pair;
  const height = (width * photo.height) / photo.width;
  const boxes = views.map(({ geometry: { box } }) => ({
    x0: (box.x0 * width) / source.width,
    y0: (box.y0 * height) / source.height,
    x1: (box.x1 * width) / source.width,
    y1: (box.y1 * height) / source.height,
  })) as [Box, Box];
  const shared = intersect(boxes[0], boxes[1]);
  const share = (shared ? area(shared) : 0) / area(boxes[0]);
  const name = `${pair.name}: crops of the two views; ${Math.round(share * 100)} % of the query view overlaps with the key view`;
  return svgDocument(
    width,
    height,
    name,
    image(photo, width, height),
    dimOutside(boxes, shared, width, height),
    ...(shared ? [element('path', { d: rectanglePath(shared), fill: '#ffffff', 'fill-opacity': 0.14 })] : []),
    ...boxes.map((box, side) =>
      casedPath(rectanglePath(within(box, width, height)), viewColors[side] as string, 2),
    ),
    ...(shared
      ? [casedPath(rectanglePath(within(shared, width, height)), '#ffffff', 1.25, { dash: '5 3' })]
      : []),
    ...labels(
      boxes,
      views.map(({ geometry }) => geometry.flipped),
      width,
      height,
    ),
  );
}

/** Even-odd: both boxes are cut out of the shade, and their shared part once more, or it would be dimmed. */
function dimOutside(
  boxes: readonly [Box, Box],
  shared: Box | undefined,
  width: number,
  height: number,
): string {
  const holes = [...boxes, ...(shared ? [shared] : [])].map(rectanglePath).join('');
  return element('path', {
    d: rectanglePath({ x0: 0, y0: 0, x1: width, y1: height }) + holes,
    'fill-rule': 'evenodd',
    'fill-opacity': 0.5,
  });
}

/** A crop at the edge of the photo keeps its whole line. */
function within(box: Box, width: number, height: number): Box {
  return {
    x0: Math.max(2, box.x0),
    y0: Math.max(2, box.y0),
    x1: Math.min(width - 2, box.x1),
    y1: Math.min(height - 2, box.y1),
  };
}

/** At corners that lie apart: the first crop's name at its top left, the other's at its bottom right. */
function labels(
  boxes: readonly [Box, Box],
  flipped: readonly boolean[],
  width: number,
  height: number,
): string[] {
  const text = viewNames.map((name, side) => `${name}${flipped[side] ? ', mirrored' : ''}`) as [
    string,
    string,
  ];
  const [query, key] = [within(boxes[0], width, height), within(boxes[1], width, height)];
  return [
    chip(text[0], Math.min(query.x0 + 4, width - 4 - 120), query.y0 + 4, viewColors[0]),
    chip(text[1], Math.max(key.x1 - 4, 124), key.y1 - 21, viewColors[1], 'end'),
  ];
}
