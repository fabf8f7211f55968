import type { ChannelValues } from '@pixcon/core';
import { gaussianTaps } from '../internal/blur.ts';
import type { PhotometricParameters } from '../recipe.ts';
import { type Kernel, photometricFunctions } from './kernel.ts';

/** All checked and resolved. */
export interface RecolourOptions {
  readonly height: number;
  readonly width: number;
  readonly kernelSize: number;
  readonly mean: ChannelValues;
  readonly standardDeviation: ChannelValues;
}

/** Addresses in the kernel's memory. */
interface Layout {
  readonly pixels: number;
  readonly planes: number;
  readonly between: number;
  readonly result: number;
  readonly weights: number;
  readonly line: number;
  readonly lines: number;
  /** From plane to plane, in floats. */
  readonly stride: number;
}

/**
 * `applyPhotometric` as plain loops over one picture after the other, from bytes to normalised floats, without
 * tensors.
 *
 * @param pixels `[batch, height, width, 3]`, one batch entry per entry of `parameters`
 * @returns `[batch, height, width, 3]`
 */
export function recolour(
  pixels: Uint8Array,
  parameters: readonly PhotometricParameters[],
  options: RecolourOptions,
): Float32Array {
  const length = options.height * options.width * 3;
  const results = new Float32Array(pixels.length);
  const kernel = photometricFunctions();
  const layout = reserve(kernel, options);
  for (const [image, entry] of parameters.entries()) {
    const bytes = new Uint8Array(kernel.memory.buffer, layout.pixels, length);
    bytes.set(pixels.subarray(image * length, (image + 1) * length));
    recolourOne(kernel, layout, entry, options);
    results.set(new Float32Array(kernel.memory.buffer, layout.result, length), image * length);
  }
  return results;
}

function recolourOne(
  kernel: Kernel,
  { pixels, planes, between, result, weights, line, lines, stride }: Layout,
  entry: PhotometricParameters,
  { height, width, kernelSize, mean, standardDeviation }: RecolourOptions,
): void {
  const { brightness, contrast, saturation, hue, grayscale, blurSigma, solarizeThreshold } = entry;
  const count = height * width;
  kernel.load(pixels, planes, stride, count, brightness);
  if (contrast !== 1 || saturation !== 1 || hue !== 0 || grayscale) {
    const offset = contrast === 1 ? 0 : (1 - contrast) * kernel.meanGray(planes, stride, count);
    kernel.colour(planes, stride, count, contrast, offset, saturation, 6 * hue, grayscale ? 1 : 0);
  }
  if (blurSigma !== 0) {
    const half = halfOfTaps(blurSigma, kernelSize);
    new Float32Array(kernel.memory.buffer, weights, half.length).set(half);
    if (half.length > 1) {
      kernel.blur(planes, between, stride, width, height, weights, half.length - 1, line, lines);
    }
  }
  const factors = standardDeviation.map((deviation) => 1 / deviation) as unknown as ChannelValues;
  const offsets = mean.map((value, channel) => -value * (factors[channel] as number));
  const [red, green, blue] = offsets as unknown as ChannelValues;
  kernel.finish(planes, stride, count, result, solarizeThreshold ?? 2, ...factors, red, green, blue);
}

/**
 * From the middle outwards. Taps below half a step of float32 at 1 cannot be told from none: most sigmas need fewer
 * than the kernel has.
 */
function halfOfTaps(sigma: number, kernelSize: number): Float32Array {
  const half = gaussianTaps(sigma, kernelSize).subarray((kernelSize - 1) / 2);
  const first = half.findIndex((weight) => weight < 2 ** -25);
  return first < 0 ? half : half.subarray(0, first);
}

/** Lays out the memory, and takes more where it does not fit. It is kept for the next call. */
function reserve(kernel: Kernel, { height, width, kernelSize }: RecolourOptions): Layout {
  const count = height * width;
  // The kernel runs up to 15 values past the end of a plane.
  const stride = 16 * Math.ceil(count / 16) + 16;
  let end = kernel.__heap_base.value;
  const next = (bytes: number) => {
    const start = 16 * Math.ceil(end / 16);
    end = start + bytes;
    return start;
  };
  const layout = {
    pixels: next(3 * stride),
    planes: next(12 * stride),
    between: next(12 * stride),
    result: next(12 * stride),
    weights: next(4 * kernelSize),
    line: next(4 * (width + kernelSize + 16)),
    lines: next(4 * kernelSize),
    stride,
  };
  const lacking = end - kernel.memory.buffer.byteLength;
  if (lacking > 0) kernel.memory.grow(Math.ceil(lacking / 65_536));
  return layout;
}
