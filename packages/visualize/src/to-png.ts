import { assertNumber, PixconError } from '@pixcon/core';
import { platform } from '#platform';
import { element } from './markup.ts';
import { fixTheme, type Theme } from './theme.ts';

/** How an SVG becomes pixels. */
export interface ToPngOptions {
  /** Pixels across; the height follows. Default: the width of the picture times `scale`. */
  readonly width?: number;
  /** Pixels per unit of the picture, when no `width` is given. Default 2. */
  readonly scale?: number;
  /** The ground that the picture will lie on. Default `light`. */
  readonly theme?: Theme;
  /** Any SVG colour; `none` leaves it transparent. Default white for light, near black for dark. */
  readonly background?: string;
}

/**
 * Rasterizes a picture of this package: by sharp in Node, by a canvas in a browser.
 *
 * @param svg a document with a `viewBox`, whose images are data URIs
 * @returns the bytes of a PNG file
 * @throws PixconError `invalid-argument` for something else than an SVG document with a `viewBox`, or a size out of
 *   range (1 to 16,384 pixels)
 *
 * @example
 * await writeFile('loss.png', await toPng(drawLoss(metrics), { width: 1200 }));
 */
export async function toPng(svg: string, options: ToPngOptions = {}): Promise<Uint8Array> {
  const { scale = 2, theme = 'light', background = theme === 'light' ? '#ffffff' : '#15181c' } = options;
  const root = /^\s*(?:<\?xml[^>]*>\s*)?<svg\b[^>]*[^/]>/.exec(svg)?.[0];
  const box = root === undefined ? undefined : /\sviewBox="([^"]*)"/.exec(root)?.[1];
  const [x = 0, y = 0, across = 0, down = 0] = (box ?? '')
    .trim()
    .split(/[\s,]+/)
    .map(Number);
  if (root === undefined || !(across > 0 && down > 0)) {
    throw new PixconError('invalid-argument', 'toPng: expected an SVG document whose root has a viewBox');
  }
  assertNumber('toPng', 'scale', scale, { minimum: 0, exclusiveMinimum: true });
  const width = Math.round(options.width ?? across * scale);
  const height = Math.max(1, Math.round((width * down) / across));
  assertNumber('toPng', 'width', width, { minimum: 1, maximum: 16_384 });
  assertNumber('toPng', 'height', height, { minimum: 1, maximum: 16_384 });

  const sized = root
    .replace(/\s(?:width|height|preserveAspectRatio)="[^"]*"/g, '')
    // Stretched by less than a pixel where the height is rounded: no transparent edge is left.
    .replace(/>$/, ` width="${width}" height="${height}" preserveAspectRatio="none">`);
  const ground = element('rect', { x, y, width: across, height: down, fill: background });
  return await platform.rasterize(
    fixTheme(
      svg.replace(root, () => sized + ground),
      theme,
    ),
    width,
    height,
  );
}
