import { assertNumber, type Box, PixconError, type RandomStream } from '@pixcon/core';

/** Which crops may be drawn from an image. */
export interface CropOptions {
  /** Least and largest area of a crop, as a fraction of the image's. Default `[0.08, 1]`. */
  readonly scale?: readonly [number, number];
  /** Least and largest width / height of a crop. Default `[3 / 4, 4 / 3]`. */
  readonly aspectRatio?: readonly [number, number];
  /** Draws before the fallback. Default 10. */
  readonly attempts?: number;
}

export type ResolvedCropOptions = Required<CropOptions>;

/** A crop's size, and the area that was aimed at before rounding to whole pixels. */
export interface CropShape {
  readonly width: number;
  readonly height: number;
  readonly targetArea: number;
}

/**
 * Draws one crop: area uniform in `scale`, aspect ratio log-uniform in `aspectRatio`, position uniform. After
 * `attempts` draws that do not fit, the largest centred crop whose aspect ratio lies in the range.
 *
 * Source: torchvision's `RandomResizedCrop.get_params`.
 *
 * @returns a box in whole source pixels
 * @throws PixconError `invalid-argument` for a size or option out of range
 *
 * @example
 * sampleCrop(640, 480, new RandomStream(0)); // => { x0, y0, x1, y1 } in 640 × 480
 */
export function sampleCrop(
  width: number,
  height: number,
  random: RandomStream,
  options: CropOptions = {},
): Box {
  const resolved = resolveCropOptions('sampleCrop', width, height, options);
  for (let attempt = 0; attempt < resolved.attempts; attempt++) {
    const shape = drawShape(width, height, random, resolved);
    if (shape) return placeUniformly(width, height, shape, random);
  }
  return centreCrop(width, height, resolved.aspectRatio);
}

/** Defaults and checks. */
export function resolveCropOptions(
  where: string,
  width: number,
  height: number,
  options: CropOptions,
): ResolvedCropOptions {
  const { scale = [0.08, 1], aspectRatio = [3 / 4, 4 / 3], attempts = 10 } = options;
  assertNumber(where, 'width', width, { minimum: 1, integer: true });
  assertNumber(where, 'height', height, { minimum: 1, integer: true });
  assertRange(where, 'scale', scale, 1);
  assertRange(where, 'aspectRatio', aspectRatio, Infinity);
  assertNumber(where, 'attempts', attempts, { minimum: 1, integer: true });
  return { scale, aspectRatio, attempts };
}

function assertRange(
  where: string,
  argument: string,
  range: readonly [number, number],
  maximum: number,
): void {
  for (const value of range) {
    assertNumber(where, argument, value, { minimum: 0, exclusiveMinimum: true, maximum });
  }
  if (range[0] <= range[1]) return;
  throw new PixconError(
    'invalid-argument',
    `${where}: ${argument} must be [least, largest], got [${range[0]}, ${range[1]}]`,
  );
}

/** A shape, or `undefined` where the drawn one does not fit into the image. */
export function drawShape(
  imageWidth: number,
  imageHeight: number,
  random: RandomStream,
  { scale, aspectRatio }: ResolvedCropOptions,
): CropShape | undefined {
  const targetArea = random.uniform(...scale) * imageWidth * imageHeight;
  const ratio = Math.exp(random.uniform(Math.log(aspectRatio[0]), Math.log(aspectRatio[1])));
  const width = Math.round(Math.sqrt(targetArea * ratio));
  const height = Math.round(Math.sqrt(targetArea / ratio));
  const fits = width > 0 && width <= imageWidth && height > 0 && height <= imageHeight;
  return fits ? { width, height, targetArea } : undefined;
}

export function placeUniformly(
  imageWidth: number,
  imageHeight: number,
  { width, height }: CropShape,
  random: RandomStream,
): Box {
  const y0 = random.integer(0, imageHeight - height + 1);
  const x0 = random.integer(0, imageWidth - width + 1);
  return { x0, y0, x1: x0 + width, y1: y0 + height };
}

/** The largest centred crop whose aspect ratio lies in the range: torchvision's fallback. */
export function centreCrop(
  imageWidth: number,
  imageHeight: number,
  [narrowest, widest]: readonly [number, number],
): Box {
  const ratio = imageWidth / imageHeight;
  const width =
    ratio > widest ? Math.min(imageWidth, Math.max(1, Math.round(imageHeight * widest))) : imageWidth;
  const height =
    ratio < narrowest ? Math.min(imageHeight, Math.max(1, Math.round(imageWidth / narrowest))) : imageHeight;
  const x0 = Math.floor((imageWidth - width) / 2);
  const y0 = Math.floor((imageHeight - height) / 2);
  return { x0, y0, x1: x0 + width, y1: y0 + height };
}
