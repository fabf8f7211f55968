import { area, type Box, intersect, RandomStream } from '@pixcon/core';
import { describe, expect, it } from 'vitest';
import { type InstanceCropOptions, type InstanceCrops, sampleInstanceCrops } from './instance-crops.ts';
import { sampleTwoCrops } from './two-crops.ts';

const [width, height] = [640, 480];
/** 64 px boxes, a grid of 10 × 7. */
const grid: Box[] = Array.from({ length: 70 }, (_, i) => {
  const [x0, y0] = [64 * (i % 10), 64 * Math.floor(i / 10)];
  return { x0, y0, x1: x0 + 64, y1: y0 + 64 };
});

function draw(proposals: readonly Box[], count: number, options: InstanceCropOptions = {}): InstanceCrops[] {
  return Array.from({ length: count }, (_, seed) =>
    sampleInstanceCrops(width, height, proposals, new RandomStream(seed), options),
  );
}

const overlapOf = ({ views }: InstanceCrops) => intersect(views[0].box, views[1].box) as Box;
const isInside = (outer: Box, box: Box) => {
  const shared = intersect(outer, box);
  return shared !== undefined && area(shared) === area(box) && area(box) > 0;
};

describe('sampleInstanceCrops', () => {
  it('gives instances that lie in both views, in whole pixels', () => {
    for (const proposals of [grid, grid.slice(33, 35), []]) {
      for (const crops of draw(proposals, 300)) {
        expect(crops.instances).toHaveLength(4);
        for (const { box } of crops.instances) {
          expect(isInside(overlapOf(crops), box)).toBe(true);
          expect(Object.values(box).every(Number.isInteger)).toBe(true);
        }
      }
    }
  });

  it('takes proposals, each once, where the views share enough of them', () => {
    const names = new Set(grid.map((box) => JSON.stringify(box)));
    const all = draw(grid, 300);
    const enough = all.filter((crops) => grid.filter((box) => isInside(overlapOf(crops), box)).length >= 4);
    expect(enough.length).toBeGreaterThan(295);
    for (const { instances } of enough) {
      const boxes = instances.map(({ box }) => JSON.stringify(box));
      expect(boxes.every((box) => names.has(box))).toBe(true);
      expect(new Set(boxes).size).toBe(4);
    }
  });

  it('chooses any of the shared proposals, and mirrors half of them', () => {
    const proposals = grid.slice(32, 38);
    const seen = new Map<string, number>();
    let flips = 0;
    const wide = draw(proposals, 600, { scale: [0.9, 1] });
    for (const { instances } of wide) {
      for (const { box, flipped } of instances) {
        const key = JSON.stringify(box);
        seen.set(key, (seen.get(key) ?? 0) + 1);
        if (flipped) flips++;
      }
    }
    // 4 of 6 a draw.
    expect([...seen.values()].map((count) => Math.round(count / 40)).every((n) => n >= 8 && n <= 12)).toBe(
      true,
    );
    expect(Math.abs(flips / 2400 - 0.5)).toBeLessThan(0.04);
    expect(draw(proposals, 5, { flipProbability: 0 }).flatMap(({ instances }) => instances)).toEqual(
      expect.not.arrayContaining([expect.objectContaining({ flipped: true })]),
    );
  });

  it('keeps the first pair of views that shares enough', () => {
    for (const [seed, { views }] of draw(grid, 50).entries()) {
      const pairs = Array.from({ length: 20 }, (_, attempt) =>
        sampleTwoCrops(width, height, new RandomStream(seed).fork('pair', attempt)),
      );
      const shared = pairs.map(([a, b]) => {
        const overlap = intersect(a.box, b.box) as Box;
        return grid.filter((box) => isInside(overlap, box)).length;
      });
      const first = shared.findIndex((count) => count >= 4);
      expect(views).toEqual(pairs[first === -1 ? shared.indexOf(Math.max(...shared)) : first]);
    }
  });

  it('keeps what proposals there are, and makes up the others', () => {
    const [left, right] = [grid[33] as Box, grid[34] as Box];
    for (const crops of draw([left, right], 100)) {
      const shared = [left, right].filter((box) => isInside(overlapOf(crops), box));
      const boxes = crops.instances.map(({ box }) => box);
      for (const box of shared) expect(boxes).toContainEqual(box);
    }
    const shared = draw([left, right], 100).filter((crops) => isInside(overlapOf(crops), left));
    expect(shared.length).toBeGreaterThan(95);
  });

  it('makes up boxes that are neither small, long nor the same', () => {
    const all = draw([], 300);
    const boxes = all.flatMap(({ instances }) => instances.map(({ box }) => box));
    const sides = boxes.map(({ x0, y0, x1, y1 }) => [x1 - x0, y1 - y0] as const);
    expect(Math.min(...sides.flat())).toBeGreaterThanOrEqual(64);
    const long = sides.filter(([w, h]) => Math.max(w, h) > 3 * Math.min(w, h));
    expect(long.length / boxes.length).toBeLessThan(0.01);
    const same = all.filter(({ instances }) =>
      instances.some(({ box: a }, i) =>
        instances.slice(0, i).some(({ box: b }) => {
          const common = intersect(a, b);
          return common && area(common) > 0.5 * (area(a) + area(b) - area(common));
        }),
      ),
    );
    expect(same.length / all.length).toBeLessThan(0.05);
  });

  it.each([
    [1, 1],
    [2, 300],
    [5, 4],
  ])('works on images of %i × %i', (w, h) => {
    for (let seed = 0; seed < 50; seed++) {
      const crops = sampleInstanceCrops(w, h, [], new RandomStream(seed), { count: 3 });
      for (const { box } of crops.instances) expect(isInside(overlapOf(crops), box)).toBe(true);
    }
  });

  it('follows from its stream, and refuses options out of range', () => {
    expect(draw(grid, 3)).toEqual(draw(grid, 3));
    expect(draw(grid, 1, { count: 1 })[0]?.instances).toHaveLength(1);
    expect(() => draw(grid, 1, { count: 0 })).toThrow('count must be a whole number of at least 1, got 0');
    expect(() => draw(grid, 1, { pairAttempts: 0 })).toThrow('pairAttempts');
    expect(() => draw(grid, 1, { minimumSide: 2 })).toThrow('minimumSide');
  });
});
