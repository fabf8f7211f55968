import type { Platform } from './platform.ts';

/** The little of a browser's globals that is used here, so that the package needs no DOM types. */
interface BrowserGlobals {
  /** Also in workers, which have no document. */
  readonly OffscreenCanvas?: new (
    width: number,
    height: number,
  ) => OffscreenCanvas;
  readonly document: { createElement(name: 'canvas'): Canvas };
  readonly Image: new () => ImageElement;
  readonly ImageData: new (data: Uint8ClampedArray, width: number, height: number) => unknown;
}

interface ImageElement {
  src: string;
  decode(): Promise<void>;
}

interface Context {
  putImageData(data: unknown, x: number, y: number): void;
  drawImage(image: ImageElement, x: number, y: number, width: number, height: number): void;
}

interface Canvas {
  width: number;
  height: number;
  getContext(kind: '2d'): Context;
  toDataURL(type: string, quality?: number): string;
}

interface OffscreenCanvas {
  getContext(kind: '2d'): Context;
  convertToBlob(options: { type: string; quality: number }): Promise<{ arrayBuffer(): Promise<ArrayBuffer> }>;
}

const browser = globalThis as unknown as BrowserGlobals;

/** Browsers: a canvas encodes and rasterizes, the page's document is the document. Workers can encode as well. */
export const platform: Platform = {
  async encodePicture({ width, height, pixels }) {
    const rgba = new Uint8ClampedArray(width * height * 4);
    for (let pixel = 0; pixel < width * height; pixel++) {
      for (let channel = 0; channel < 3; channel++) {
        rgba[pixel * 4 + channel] = pixels[pixel * 3 + channel] as number;
      }
      rgba[pixel * 4 + 3] = 255;
    }
    const data = new browser.ImageData(rgba, width, height);
    if (browser.OffscreenCanvas) {
      const canvas = new browser.OffscreenCanvas(width, height);
      canvas.getContext('2d').putImageData(data, 0, 0);
      const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.85 });
      return `data:image/jpeg;base64,${toBase64(new Uint8Array(await blob.arrayBuffer()))}`;
    }
    const canvas = createCanvas(width, height);
    canvas.getContext('2d').putImageData(data, 0, 0);
    return canvas.toDataURL('image/jpeg', 0.85);
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

/** A call with all bytes as arguments would have too many. */
function toBase64(bytes: Uint8Array): string {
  let characters = '';
  for (let at = 0; at < bytes.length; at += 8192) {
    characters += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return btoa(characters);
}

function createCanvas(width: number, height: number): Canvas {
  const canvas = browser.document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  return canvas;
}
