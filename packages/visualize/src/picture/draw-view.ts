import { assertNumber } from '@pixcon/core';
import { svgDocument } from '../markup.ts';
import type { EncodedPair } from './encode-pair.ts';
import { chip, image, viewColors, viewNames } from './parts.ts';
import { overlapOf } from './view-with-grid.ts';

export interface DrawViewOptions {
  /** Of the picture, in pixels. Default 340. */
  readonly width?: number;
}

/**
 * A view as the network sees it, but for photometric operations, with the overlap dashed.
 *
 * @param pair from `encodePair`
 * @param which 0 is the query view, 1 the key view
 * @returns an SVG document
 * @throws PixconError `invalid-argument` for an option out of range
 *
 * @example
 * const svg = drawView(await encodePair(inspectedPair), 1);
 */
export function drawView(pair: EncodedPair, which: 0 | 1, options: DrawViewOptions = {}): string {
  const { width = 340 } = options;
  assertNumber('drawView', 'width', width, { minimum: 40 });
  const name = `${pair.name}: ${viewNames[which]}, the overlap dashed`;
  return svgDocument(
    width,
    width,
    name,
    image(pair.views[which], width, width),
    overlapOf(pair, which, width),
    chip(viewNames[which], 6, 6, viewColors[which]),
  );
}
