import type { LabPlanes } from './lab-planes.ts';

/** Each plane under a Gaussian of `sigma` pixels; pixels beyond the border repeat it. */
export function smooth({ width, height, planes }: LabPlanes, sigma: number): LabPlanes {
  const kernel = gaussian(sigma);
  const blur = (plane: Float32Array): Float32Array => {
    const across = along(plane, kernel, { lines: height, length: width, step: 1, next: width });
    return along(across, kernel, { lines: width, length: height, step: width, next: 1 });
  };
  return { width, height, planes: [blur(planes[0]), blur(planes[1]), blur(planes[2])] };
}

/** The middle weight and those to one side. */
function gaussian(sigma: number): Float64Array {
  const weights = Float64Array.from({ length: Math.ceil(4 * sigma) + 1 }, (_, i) =>
    Math.exp(-0.5 * (i / sigma) ** 2),
  );
  const total = 2 * weights.reduce((sum, weight) => sum + weight, 0) - 1;
  return weights.map((weight) => weight / total);
}

interface Axis {
  readonly lines: number;
  readonly length: number;
  /** From one pixel of a line to the next. */
  readonly step: number;
  /** From one line to the next. */
  readonly next: number;
}

function along(plane: Float32Array, kernel: Float64Array, { lines, length, step, next }: Axis): Float32Array {
  const result = new Float32Array(plane.length);
  for (let line = 0; line < lines; line++) {
    const start = line * next;
    for (let i = 0; i < length; i++) {
      let sum = (kernel[0] as number) * (plane[start + i * step] as number);
      for (let reach = 1; reach < kernel.length; reach++) {
        const before = plane[start + Math.max(0, i - reach) * step] as number;
        const after = plane[start + Math.min(length - 1, i + reach) * step] as number;
        sum += (kernel[reach] as number) * (before + after);
      }
      result[start + i * step] = sum;
    }
  }
  return result;
}
