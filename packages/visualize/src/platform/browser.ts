import type { Platform } from './platform.ts';

/** The little of a browser's globals that is used here, so that the package needs no DOM types. */
interface BrowserGlobals {
  readonly document: { createElement(name: 'canvas'): Canvas };
  readonly Image: new () => ImageElement;
  readonly ImageData: new (data: Uint8ClampedArray, width: number, height: number) => unknown;
}

interface ImageElement {
  src: string;
  decode(): Promise<void>;
}

interface Canvas {
  width: number;
  height: number;
  getContext(kind: '2d'): {
    putImageData(data: unknown, x: number, y: number): void;
    drawImage(image: ImageElement, x: number, y: number, width: number, height: number): void;
  };
  toDataURL(type: string, quality?: number): string;
}

const browser = globalThis as unknown as BrowserGlobals;

/** Browsers: a canvas encodes and rasterizes, the page's document is the document. */
export const platform: Platform = {
  async encodePicture({ width, height, pixels }) {
    const canvas = createCanvas(width, height);
    const rgba = new Uint8ClampedArray(width * height * 4);
    for (let pixel = 0; pixel < width * height; pixel++) {
      for (let channel = 0; channel < 3; channel++) {
        rgba[pixel * 4 + channel] = pixels[pixel * 3 + channel] as number;
      }
      rgba[pixel * 4 + 3] = 255;
    }
    canvas.getContext('2d').putImageData(new browser.ImageData(rgba, width, height), 0, 0);
    return await Promise.resolve(canvas.toDataURL('image/jpeg', 0.85));
  },

  async rasterize(svg, width, height) {
    const image = new browser.Image();
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
    await image.decode();
    const canvas = createCanvas(width, height);
    canvas.getContext('2d').drawImage(image, 0, 0, width, height);
    const base64 = canvas.toDataURL('image/png').replace(/^[^,]*,/, '');
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  },

  createDocument: () => browser.document,
};

function createCanvas(width: number, height: number): Canvas {
  const canvas = browser.document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  return canvas;
}
