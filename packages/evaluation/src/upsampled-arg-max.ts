import type { Grid } from '@pixcon/core';

/**
 * The column with the largest logit at each pixel, of logits enlarged bilinearly: PyTorch's
 * `interpolate(mode='bilinear', align_corners=False)` and `argmax`, a row at a time. Of equals, the first.
 *
 * @param logits `[grid.height, grid.width, columns]`
 * @returns `[size.height × size.width]`
 */
export function upsampledArgMax(logits: Float32Array, grid: Grid, columns: number, size: Grid): Uint8Array {
  const result = new Uint8Array(size.height * size.width);
  const line = new Float32Array(grid.width * columns);
  const across = Array.from({ length: size.width }, (_, x) => between(x, size.width, grid.width));
  for (let y = 0; y < size.height; y++) {
    const { low, high, share } = between(y, size.height, grid.height);
    for (let at = 0; at < line.length; at++) {
      const above = logits[low * line.length + at] as number;
      line[at] = above + share * ((logits[high * line.length + at] as number) - above);
    }
    for (const [x, place] of across.entries()) {
      const left = place.low * columns;
      const right = place.high * columns;
      let best = 0;
      let most = Number.NEGATIVE_INFINITY;
      for (let column = 0; column < columns; column++) {
        const start = line[left + column] as number;
        const value = start + place.share * ((line[right + column] as number) - start);
        if (value <= most) continue;
        most = value;
        best = column;
      }
      result[y * size.width + x] = best;
    }
  }
  return result;
}

/** The two cells around a pixel's centre, and how far it is from the first to the second. */
function between(pixel: number, pixels: number, cells: number): { low: number; high: number; share: number } {
  const place = Math.min(Math.max(((pixel + 0.5) * cells) / pixels - 0.5, 0), cells - 1);
  const low = Math.floor(place);
  return { low, high: Math.min(low + 1, cells - 1), share: place - low };
}
