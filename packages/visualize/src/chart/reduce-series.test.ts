import { describe, expect, it } from 'vitest';
import { type Point, reducePoints, smoothPoints } from './reduce-series.ts';

const wave = (count: number): Point[] =>
  Array.from({ length: count }, (_, x) => ({
    x,
    y: Math.sin(x / 50) + (x === 4321 ? 9 : 0) - (x === 777 ? 9 : 0),
  }));

describe('reducePoints', () => {
  it('leaves short series alone', () => {
    expect(reducePoints(wave(100), 100)).toEqual(wave(100));
    expect(reducePoints([], 4)).toEqual([]);
  });

  it('keeps ends and extremes, in order, and only points that were there', () => {
    const points = wave(10_000);
    const kept = reducePoints(points, 200);
    expect(kept.length).toBeLessThanOrEqual(200);
    expect(kept.length).toBeGreaterThan(150);
    expect(kept[0]).toBe(points[0]);
    expect(kept.at(-1)).toBe(points.at(-1));
    expect(kept).toContain(points[4321]);
    expect(kept).toContain(points[777]);
    const steps = kept.map(({ x }) => x);
    expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
    for (const point of kept) expect(points[point.x]).toBe(point);
  });

  it('keeps one point of a flat stretch', () => {
    const flat = Array.from({ length: 1000 }, (_, x) => ({ x, y: 1 }));
    expect(reducePoints(flat, 100)).toHaveLength(51);
  });
});

describe('smoothPoints', () => {
  it('is a moving mean, cut off at the ends', () => {
    const points = wave(50);
    for (const reach of [1, 4, 100]) {
      for (const [at, { x, y }] of smoothPoints(points, reach).entries()) {
        const near = points.filter((_, other) => Math.abs(other - at) <= reach);
        expect(x).toBe(at);
        expect(y).toBeCloseTo(near.reduce((sum, point) => sum + point.y, 0) / near.length, 10);
      }
    }
  });
});
