/**
 * What a reader must know of features before trusting a score of them: that they are all the same, or that many are 0,
 * of which no neighbour and no match is better than another.
 *
 * @param features `[rows, dim]`, finite
 * @param rowsOf what a row belongs to, in the plural: `cells`, `images`
 */
export function featureWarnings(features: Float32Array, dim: number, rowsOf: string): string[] {
  const rows = features.length / dim;
  if (rows < 2) return [];
  let size = 0;
  for (let at = 0; at < features.length; at++) size = Math.max(size, Math.abs(features[at] as number));
  if (size === 0)
    return [`the features of all ${rows} ${rowsOf} are 0: the score says nothing of the network`];
  if (areEqual(features, dim, rounding * size)) {
    return [`the features of all ${rows} ${rowsOf} are equal: the score says nothing of the network`];
  }
  const zeros = countZeroRows(features, dim);
  if (zeros <= rows / 10) return [];
  return [`the features of ${zeros} of ${rows} ${rowsOf} are 0: what is said of these is arbitrary`];
}

/** By which equal features may differ, as a share of the largest, since batches are summed in another order. */
const rounding = 1e-5;

function areEqual(features: Float32Array, dim: number, tolerance: number): boolean {
  for (let at = dim; at < features.length; at++) {
    if (Math.abs((features[at] as number) - (features[at % dim] as number)) > tolerance) return false;
  }
  return true;
}

function countZeroRows(features: Float32Array, dim: number): number {
  let count = 0;
  for (let start = 0; start < features.length; start += dim) {
    let at = start;
    while (at < start + dim && features[at] === 0) at++;
    if (at === start + dim) count += 1;
  }
  return count;
}
