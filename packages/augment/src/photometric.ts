import { assertNumber, type ChannelValues } from '@pixcon/core';
import type * as tf from '@tensorflow/tfjs-core';
import { resolveKernelSize } from './gaussian-blur.ts';
import { blur } from './internal/blur.ts';
import { assertCount, assertImages, perImage } from './internal/per-image.ts';
import * as planar from './internal/planar.ts';
import { onPlanes, type Planes } from './internal/planes.ts';
import { assertChannelValues } from './normalize.ts';
import type { PhotometricParameters } from './recipe.ts';
import { recolourOnGpu, recoloursOnGpu } from './webgpu/recolour-on-gpu.ts';

/** The part of `PhotometricParameters` that `colorJitter` uses. */
export type ColorJitterParameters = Pick<
  PhotometricParameters,
  'brightness' | 'contrast' | 'saturation' | 'hue'
>;

export interface PhotometricOptions {
  /** Taps of the blur, odd. Default `blurKernelSize` of the images' shorter side: 23 for 224 pixels. */
  readonly kernelSize?: number;
  /** With `standardDeviation`: normalises the result. Default: left in [0, 1]. */
  readonly mean?: ChannelValues;
  readonly standardDeviation?: ChannelValues;
}

/**
 * Brightness, contrast, saturation, then hue, each image with its own values. The order is always this one:
 * torchvision's `ColorJitter` shuffles it per call, the authors' code fixes it as here.
 *
 * @param images `[batch, height, width, 3]` in [0, 1]
 * @param parameters one per image
 * @returns `[batch, height, width, 3]` in [0, 1]; the caller disposes it
 * @throws PixconError `invalid-shape`, `invalid-argument`
 *
 * @example
 * colorJitter(images, [{ brightness: 1.2, contrast: 0.9, saturation: 1, hue: 0.05 }]); // images: [1, 128, 128, 3]
 */
export function colorJitter(images: tf.Tensor4D, parameters: readonly ColorJitterParameters[]): tf.Tensor4D {
  assertImages('colorJitter', images);
  assertCount('colorJitter', images, 'parameters', parameters);
  for (const entry of parameters) assertJitter('colorJitter', entry);
  return onPlanes(images, (planes) => jitterPlanes(planes, parameters));
}

/**
 * Recolours a batch of views: jitter (brightness, contrast, saturation, hue), grey, blur, solarize, and, with
 * `mean` and `standardDeviation`, normalisation. Operations that no image of the batch needs are left out; the
 * result is the same up to rounding. Nothing is read back from the device.
 *
 * @param images `[batch, height, width, 3]` in [0, 1]
 * @param parameters one per image, from `samplePhotometric`
 * @returns `[batch, height, width, 3]`; the caller disposes it
 * @throws PixconError `invalid-shape`, `invalid-argument`
 *
 * @example
 * const { views, mean, standardDeviation } = byolAugmentation();
 * const parameters = [0, 1].map((index) => samplePhotometric(random.fork(index), views[0]));
 * applyPhotometric(images, parameters, { mean, standardDeviation }); // images: [2, 128, 128, 3]
 */
export function applyPhotometric(
  images: tf.Tensor4D,
  parameters: readonly PhotometricParameters[],
  options: PhotometricOptions = {},
): tf.Tensor4D {
  const { mean = [0, 0, 0], standardDeviation = [1, 1, 1] } = options;
  const where = 'applyPhotometric';
  assertImages(where, images);
  assertCount(where, images, 'parameters', parameters);
  for (const entry of parameters) assertPhotometric(where, entry);
  assertChannelValues(where, mean, standardDeviation);
  const [, height, width] = images.shape;
  const kernelSize = resolveKernelSize(where, height, width, options.kernelSize);
  const normalizes = mean.some((value) => value !== 0) || standardDeviation.some((value) => value !== 1);

  if (recoloursOnGpu(kernelSize)) {
    return recolourOnGpu(images, [height, width], parameters, { kernelSize, mean, standardDeviation });
  }
  return onPlanes(images, (planes) => {
    let result = jitterPlanes(planes, parameters);
    const grays = parameters.map(({ grayscale }) => (grayscale ? 0 : 1));
    if (grays.some(isNot(1))) result = planar.saturation(result, grays);
    const sigmas = parameters.map(({ blurSigma }) => blurSigma);
    if (sigmas.some(isNot(0))) result = blur(result, sigmas, kernelSize);
    const thresholds = parameters.map(({ solarizeThreshold }) => solarizeThreshold ?? 2);
    if (thresholds.some(isNot(2))) result = planar.solarize(result, perImage(thresholds));
    return normalizes ? planar.normalize(result, mean, standardDeviation) : result;
  });
}

function jitterPlanes(planes: Planes, parameters: readonly ColorJitterParameters[]): Planes {
  let result = planes;
  const brightness = parameters.map((entry) => entry.brightness);
  if (brightness.some(isNot(1))) result = planar.brightness(result, perImage(brightness));
  const contrast = parameters.map((entry) => entry.contrast);
  if (contrast.some(isNot(1))) result = planar.contrast(result, perImage(contrast));
  const saturation = parameters.map((entry) => entry.saturation);
  if (saturation.some(isNot(1))) result = planar.saturation(result, saturation);
  const hue = parameters.map((entry) => entry.hue);
  if (hue.some(isNot(0))) result = planar.hue(result, hue);
  return result;
}

function isNot(neutral: number): (value: number) => boolean {
  return (value) => value !== neutral;
}

function assertJitter(where: string, entry: ColorJitterParameters): void {
  assertNumber(where, 'brightness', entry.brightness, { minimum: 0 });
  assertNumber(where, 'contrast', entry.contrast, { minimum: 0 });
  assertNumber(where, 'saturation', entry.saturation, { minimum: 0 });
  assertNumber(where, 'hue', entry.hue, { minimum: -0.5, maximum: 0.5 });
}

export function assertPhotometric(where: string, entry: PhotometricParameters): void {
  assertJitter(where, entry);
  assertNumber(where, 'blurSigma', entry.blurSigma, { minimum: 0 });
  if (entry.solarizeThreshold !== null) assertNumber(where, 'solarizeThreshold', entry.solarizeThreshold);
}
