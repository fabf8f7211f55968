import { joinRegions, type Region, similarity } from './region.ts';
import type { Segmentation } from './segment-graph.ts';

interface Pair {
  readonly a: number;
  readonly b: number;
  readonly similarity: number;
}

/**
 * Joins the two most similar neighbours again and again, until one region is left: `n` segments give 2n − 1 regions,
 * from the smallest parts to the whole image, with objects of any size among them.
 *
 * @param segments the initial regions, by label
 * @returns all regions in the order in which they came to be, the segments first
 * @see Uijlings et al. 2013, algorithm 1
 */
export function groupRegions(
  segments: readonly Region[],
  { labels }: Segmentation,
  width: number,
): readonly Region[] {
  const regions = [...segments];
  const pair = (a: number, b: number): Pair => ({
    a,
    b,
    similarity: similarity(regions[a] as Region, regions[b] as Region, labels.length),
  });
  let pairs = neighbours(labels, segments.length, width).map(([a, b]) => pair(a, b));
  while (pairs.length > 0) {
    const { a, b } = pairs.reduce((best, other) => (other.similarity > best.similarity ? other : best));
    const joined = regions.push(joinRegions(regions[a] as Region, regions[b] as Region)) - 1;
    const others = new Set<number>();
    const kept: Pair[] = [];
    for (const candidate of pairs) {
      const touches = [candidate.a, candidate.b].some((end) => end === a || end === b);
      if (!touches) kept.push(candidate);
      else for (const end of [candidate.a, candidate.b]) if (end !== a && end !== b) others.add(end);
    }
    pairs = kept;
    for (const other of others) pairs.push(pair(other, joined));
  }
  return regions;
}

/** Segments that share an edge or a corner of a pixel, each two once. */
function neighbours(labels: Int32Array, count: number, width: number): [number, number][] {
  const seen = new Set<number>();
  const meet = (at: number, other: number): void => {
    const [a, b] = [labels[at] as number, labels[other] as number];
    if (a !== b) seen.add(Math.min(a, b) * count + Math.max(a, b));
  };
  for (let at = 0; at < labels.length; at++) {
    const last = (at + 1) % width === 0;
    if (!last) meet(at, at + 1);
    if (at + width >= labels.length) continue;
    meet(at, at + width);
    if (at % width !== 0) meet(at, at + width - 1);
    if (!last) meet(at, at + width + 1);
  }
  return [...seen].map((key) => [Math.floor(key / count), key % count]);
}
