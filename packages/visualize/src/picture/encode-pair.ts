import { PixconError, type ViewGeometry } from '@pixcon/core';
import { platform } from '#platform';
import type { InspectedPair, Picture } from '../inspection.ts';

/** A picture that an SVG can show. */
export interface EncodedPicture {
  readonly width: number;
  readonly height: number;
  /** A data URI, or `#id` of an `<image>` one unit wide and high in the same page. */
  readonly href: string;
}

/** A pair whose pictures are encoded, once for all that is drawn of it. */
export interface EncodedPair {
  readonly name: string;
  /** Size in pixels of the image that the views were cut from. */
  readonly source: InspectedPair['source'];
  readonly photo: EncodedPicture;
  /** The query view and the key view. */
  readonly views: readonly [EncodedView, EncodedView];
}

/** A view and where it lies in the photo. */
export interface EncodedView extends EncodedPicture {
  /** In pixels of the pair's `source`. */
  readonly geometry: ViewGeometry;
}

/**
 * Encodes the pictures of a pair as JPEG data URIs: by sharp in Node, by a canvas in a browser.
 *
 * @returns what the `draw…` functions of pairs take
 * @throws PixconError `invalid-shape` for pixels that are not `[height, width, 3]`
 *
 * @example
 * const pair = await encodePair(inspectedPair);
 * await writeFile('overlap.svg', fixTheme(drawOverlap(pair), 'light'));
 */
export async function encodePair(pair: InspectedPair): Promise<EncodedPair> {
  const [query, key] = pair.views;
  const [photo, queryView, keyView] = await Promise.all([encode(pair.photo), encode(query), encode(key)]);
  return {
    name: pair.name,
    source: pair.source,
    photo,
    views: [
      { ...queryView, geometry: query.geometry },
      { ...keyView, geometry: key.geometry },
    ],
  };
}

async function encode(picture: Picture): Promise<EncodedPicture> {
  const { width, height, pixels } = picture;
  if (!(width >= 1 && height >= 1) || pixels.length !== width * height * 3) {
    throw new PixconError(
      'invalid-shape',
      `encodePair: expected ${width} × ${height} × 3 pixels, got ${pixels.length} values`,
    );
  }
  return { width, height, href: await platform.encodePicture(picture) };
}
