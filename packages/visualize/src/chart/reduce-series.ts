/** A point of a curve. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * At most `count` points (at least 4) with every extreme kept: the first and last point, and of each of equally long
 * stretches between them the lowest and the highest, in their order.
 */
export function reducePoints(points: readonly Point[], count: number): Point[] {
  if (points.length <= count) return [...points];
  const buckets = Math.floor((count - 2) / 2);
  const inner = points.length - 2;
  const kept: Point[] = [points[0] as Point];
  for (let bucket = 0; bucket < buckets; bucket++) {
    const start = 1 + Math.floor((bucket * inner) / buckets);
    const end = 1 + Math.floor(((bucket + 1) * inner) / buckets);
    let [lowest, highest] = [start, start];
    for (let at = start + 1; at < end; at++) {
      if ((points[at] as Point).y < (points[lowest] as Point).y) lowest = at;
      if ((points[at] as Point).y > (points[highest] as Point).y) highest = at;
    }
    kept.push(points[Math.min(lowest, highest)] as Point);
    if (lowest !== highest) kept.push(points[Math.max(lowest, highest)] as Point);
  }
  kept.push(points.at(-1) as Point);
  return kept;
}

/** The mean of the points within `reach` places to either side, as far as there are. */
export function smoothPoints(points: readonly Point[], reach: number): Point[] {
  const sums = new Float64Array(points.length + 1);
  for (const [at, { y }] of points.entries()) sums[at + 1] = (sums[at] as number) + y;
  return points.map(({ x }, at) => {
    const [from, to] = [Math.max(0, at - reach), Math.min(points.length, at + reach + 1)];
    return { x, y: ((sums[to] as number) - (sums[from] as number)) / (to - from) };
  });
}
