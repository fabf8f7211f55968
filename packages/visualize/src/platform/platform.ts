import type { Picture } from '../inspection.ts';

/** What Node and a browser do differently. */
export interface Platform {
  /** A data URI that both can show. */
  encodePicture(picture: Picture): Promise<string>;
  /** PNG of an SVG document whose root element says its size in pixels. */
  rasterize(svg: string, width: number, height: number): Promise<Uint8Array>;
  /** An HTML document to build charts in. */
  createDocument(): unknown;
}
