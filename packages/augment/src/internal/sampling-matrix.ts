/** One axis of a crop with resize. */
export interface AxisSampling {
  /** First source pixel of the crop. */
  readonly from: number;
  /** End of the crop (exclusive). */
  readonly to: number;
  /** Pixels of the result. */
  readonly size: number;
  readonly flipped: boolean;
  readonly antialias: boolean;
}

/**
 * Writes at `offset` of `into` the matrix `[length, size]` of bilinear weights that takes a line of `length`
 * source pixels to the resized crop. Only pixels of the crop weigh in, as if it had been cut out first.
 */
export function writeSamplingMatrix(into: Float32Array, offset: number, axis: AxisSampling): void {
  const { from, to, size, flipped, antialias } = axis;
  const cropped = to - from;
  const scale = cropped / size;
  const reach = antialias ? Math.max(scale, 1) : 1;
  for (let cell = 0; cell < size; cell++) {
    // In pixel edges. The clamp to the outermost centres repeats the border pixel when enlarging.
    const middle = (cell + 0.5) * scale;
    const centre = reach > 1 ? middle : Math.min(Math.max(middle, 0.5), cropped - 0.5);
    const column = offset + from * size + (flipped ? size - 1 - cell : cell);
    const first = Math.max(0, Math.floor(centre - reach));
    const end = Math.min(cropped, Math.ceil(centre + reach));
    let total = 0;
    for (let pixel = first; pixel < end; pixel++) {
      const weight = Math.max(0, 1 - Math.abs(pixel + 0.5 - centre) / reach);
      into[column + pixel * size] = weight;
      total += weight;
    }
    for (let pixel = first; pixel < end; pixel++) {
      into[column + pixel * size] = (into[column + pixel * size] as number) / total;
    }
  }
}
