import type { DecodedImage } from '@pixcon/core';

/** CIE L*, a* and b* of an image, a plane each, from 0 to 255: L* · 2.55, a* + 128, b* + 128 (OpenCV's 8-bit Lab). */
export interface LabPlanes {
  readonly width: number;
  readonly height: number;
  readonly planes: readonly [Float32Array, Float32Array, Float32Array];
}

/** Distances in Lab are near to those that are seen, which both segmentation and histograms build on. */
export function labPlanes({ data, width, height }: DecodedImage): LabPlanes {
  const linear = Float64Array.from({ length: 256 }, (_, value) => toLinear(value / 255));
  const pixels = width * height;
  const lightness = new Float32Array(pixels);
  const greenRed = new Float32Array(pixels);
  const blueYellow = new Float32Array(pixels);
  for (let i = 0; i < pixels; i++) {
    const red = linear[data[3 * i] as number] as number;
    const green = linear[data[3 * i + 1] as number] as number;
    const blue = linear[data[3 * i + 2] as number] as number;
    // sRGB's primaries, against the white of D65.
    const x = root((0.412453 * red + 0.35758 * green + 0.180423 * blue) / 0.950456);
    const y = root(0.212671 * red + 0.71516 * green + 0.072169 * blue);
    const z = root((0.019334 * red + 0.119193 * green + 0.950227 * blue) / 1.088754);
    lightness[i] = 2.55 * (116 * y - 16);
    greenRed[i] = 500 * (x - y) + 128;
    blueYellow[i] = 200 * (y - z) + 128;
  }
  return { width, height, planes: [lightness, greenRed, blueYellow] };
}

function toLinear(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

function root(value: number): number {
  return value > 0.008856 ? Math.cbrt(value) : 7.787 * value + 16 / 116;
}
