/**
 * How the bins of a region sample one axis: a row-major matrix `[bins, size]` whose product with the values along
 * the axis is each bin's mean of bilinear samples, by the rules of torchvision's `roi_align`.
 *
 * A sample more than one cell outside counts as 0; one nearer is moved onto the border cell.
 *
 * @param from the region's lower edge, in cells
 * @param to its upper edge
 * @param size cells along the axis
 * @param samplingRatio samples per bin; 0: the cells per bin, rounded up
 * @param aligned half-integer cell centres; else torchvision's older convention, with regions of at least 1 cell
 */
export function axisSampling(
  from: number,
  to: number,
  size: number,
  bins: number,
  samplingRatio: number,
  aligned: boolean,
): Float32Array {
  const start = aligned ? from - 0.5 : from;
  const extent = aligned ? to - from : Math.max(to - from, 1);
  const bin = extent / bins;
  const samples = samplingRatio > 0 ? samplingRatio : Math.max(0, Math.ceil(bin));
  const matrix = new Float32Array(bins * size);
  for (let i = 0; i < bins; i++) {
    for (let s = 0; s < samples; s++) {
      const position = start + bin * (i + (s + 0.5) / samples);
      if (position < -1 || position > size) continue;
      const clamped = Math.min(Math.max(position, 0), size - 1);
      const low = Math.floor(clamped);
      const high = Math.min(low + 1, size - 1);
      const share = clamped - low;
      add(matrix, i * size + low, (1 - share) / samples);
      add(matrix, i * size + high, share / samples);
    }
  }
  return matrix;
}

function add(matrix: Float32Array, at: number, value: number): void {
  matrix[at] = (matrix[at] as number) + value;
}
