import { parseHTML } from 'linkedom';
import sharp from 'sharp';
import type { Platform } from './platform.ts';

/** Node: sharp encodes and rasterizes, linkedom is the document. */
export const platform: Platform = {
  async encodePicture({ width, height, pixels }) {
    const data = await sharp(pixels, { raw: { width, height, channels: 3 } })
      .jpeg({ quality: 85, chromaSubsampling: '4:4:4' })
      .toBuffer();
    return `data:image/jpeg;base64,${data.toString('base64')}`;
  },

  async rasterize(svg, width, height) {
    const data = await sharp(Buffer.from(svg))
      // librsvg rounds a size up or down as it likes.
      .resize(width, height, { fit: 'fill' })
      .png()
      .toBuffer();
    return new Uint8Array(data);
  },

  createDocument: () => parseHTML('<!doctype html><html><body></body></html>').document,
};
