import { type DecodedImage, PixconError } from '@pixcon/core';
import { isCmykJpeg, photoBytes } from './photo-bytes.ts';

/**
 * A photo as `imageFolder` of `@pixcon/datasets` decodes it under Node, to two grey levels: sRGB, turned as EXIF says,
 * transparency over white. Reduced until no side is longer than `side`; of a panorama, the middle.
 *
 * @throws PixconError `data` for a file that this browser cannot read, and for a JPEG of four inks
 */
export async function decodePhoto(file: Blob, name: string, side: number): Promise<DecodedImage> {
  const stored = new Uint8Array(await file.arrayBuffer());
  // Browsers ignore the profile that says what its inks look like: colours would be up to 130 levels off.
  if (isCmykJpeg(stored))
    throw new PixconError(
      'data',
      `${name} is a CMYK JPEG, whose colours browsers do not know; save it as RGB`,
    );
  const { bytes, orientation } = photoBytes(stored);
  const bitmap = await createImageBitmap(new Blob([bytes], { type: file.type }), {
    premultiplyAlpha: 'none',
  }).catch((cause) => {
    throw new PixconError('data', `${name} is no photo that this browser can read`, { cause });
  });
  try {
    const [across, down] = [
      Math.min(bitmap.width, 2 * bitmap.height),
      Math.min(bitmap.height, 2 * bitmap.width),
    ];
    const scale = Math.min(1, side / Math.max(across, down));
    const [drawnWidth, drawnHeight] = [across, down].map((length) =>
      Math.max(1, Math.round(scale * length)),
    ) as [number, number];
    const isLying = orientation > 4;
    const [width, height] = isLying ? [drawnHeight, drawnWidth] : [drawnWidth, drawnHeight];
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    if (!context) throw new PixconError('data', `${name} could not be drawn`);
    context.fillStyle = '#ffffff';
    context.fillRect(0, 0, width, height);
    context.setTransform(...turn(orientation, width, height));
    context.imageSmoothingQuality = 'high';
    const [left, top] = [(bitmap.width - across) / 2, (bitmap.height - down) / 2];
    context.drawImage(bitmap, left, top, across, down, 0, 0, drawnWidth, drawnHeight);
    return { data: withoutAlpha(context.getImageData(0, 0, width, height).data), width, height };
  } finally {
    bitmap.close();
  }
}

/** From the stored picture to a turned one of `width` by `height`: `[a, b, c, d, e, f]` of a canvas. */
function turn(
  orientation: number,
  width: number,
  height: number,
): [number, number, number, number, number, number] {
  switch (orientation) {
    case 2:
      return [-1, 0, 0, 1, width, 0];
    case 3:
      return [-1, 0, 0, -1, width, height];
    case 4:
      return [1, 0, 0, -1, 0, height];
    case 5:
      return [0, 1, 1, 0, 0, 0];
    case 6:
      return [0, 1, -1, 0, width, 0];
    case 7:
      return [0, -1, -1, 0, width, height];
    case 8:
      return [0, -1, 1, 0, 0, height];
    default:
      return [1, 0, 0, 1, 0, 0];
  }
}

function withoutAlpha(rgba: Uint8ClampedArray): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    rgb[to] = rgba[from] as number;
    rgb[to + 1] = rgba[from + 1] as number;
    rgb[to + 2] = rgba[from + 2] as number;
  }
  return rgb;
}
