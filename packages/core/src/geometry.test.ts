import { describe, expect, it } from 'vitest';
import { area, type Box, cellCentre, intersect, overlapInView, type ViewGeometry } from './geometry.ts';
import { RandomStream } from './random.ts';

const box = (x0: number, y0: number, x1: number, y1: number): Box => ({ x0, y0, x1, y1 });
const view = (crop: Box, flipped = false): ViewGeometry => ({ box: crop, flipped });

function randomBox(random: RandomStream): Box {
  const [x0, y0] = [random.uniform(0, 80), random.uniform(0, 80)];
  return box(x0, y0, x0 + random.uniform(1, 80), y0 + random.uniform(1, 80));
}

describe('intersect and area', () => {
  it('finds the shared rectangle', () => {
    expect(intersect(box(0, 0, 4, 4), box(2, 1, 6, 3))).toEqual(box(2, 1, 4, 3));
    expect(intersect(box(0, 0, 4, 4), box(1, 1, 2, 2))).toEqual(box(1, 1, 2, 2));
  });

  it('is undefined for boxes that are apart or only touch', () => {
    expect(intersect(box(0, 0, 2, 2), box(3, 0, 4, 2))).toBeUndefined();
    expect(intersect(box(0, 0, 2, 2), box(2, 0, 4, 2))).toBeUndefined();
    expect(intersect(box(0, 0, 2, 2), box(0, 2, 2, 4))).toBeUndefined();
  });

  it('measures area, 0 for an inverted box', () => {
    expect(area(box(1, 2, 4, 6))).toBe(12);
    expect(area(box(4, 2, 1, 6))).toBe(0);
  });

  it('is symmetric, and never larger than either box', () => {
    const random = new RandomStream(1);
    for (let i = 0; i < 200; i++) {
      const [a, b] = [randomBox(random), randomBox(random)];
      const shared = intersect(a, b);
      expect(shared).toEqual(intersect(b, a));
      if (shared) expect(area(shared)).toBeLessThanOrEqual(Math.min(area(a), area(b)));
    }
  });
});

describe('overlapInView', () => {
  it('is right by hand, with and without a flip', () => {
    const other = view(box(5, 0, 20, 5));
    expect(overlapInView(view(box(0, 0, 10, 10)), other)).toEqual(box(0.5, 0, 1, 0.5));
    expect(overlapInView(view(box(0, 0, 10, 10), true), other)).toEqual(box(0, 0, 0.5, 0.5));
  });

  it('is the whole view for a view of the same crop, and undefined without overlap', () => {
    expect(overlapInView(view(box(3, 4, 9, 7), true), view(box(3, 4, 9, 7)))).toEqual(box(0, 0, 1, 1));
    expect(overlapInView(view(box(0, 0, 1, 1)), view(box(5, 5, 6, 6)))).toBeUndefined();
  });

  it('depends on the own flip only, and covers the same share of the image seen from both sides', () => {
    const random = new RandomStream(2);
    for (let i = 0; i < 200; i++) {
      const a = view(randomBox(random), random.chance(0.5));
      const b = view(randomBox(random), random.chance(0.5));
      const inA = overlapInView(a, b);
      const inB = overlapInView(b, a);
      expect(inA).toEqual(overlapInView(a, { ...b, flipped: !b.flipped }));
      expect(inA === undefined).toBe(inB === undefined);
      if (inA && inB) expect(area(inA) * area(a.box)).toBeCloseTo(area(inB) * area(b.box), 8);
    }
  });
});

describe('cellCentre', () => {
  it('is right by hand', () => {
    const grid = { height: 2, width: 5 };
    expect(cellCentre(view(box(10, 20, 20, 24)), grid, 0, 0)).toEqual({ x: 11, y: 21 });
    expect(cellCentre(view(box(10, 20, 20, 24)), grid, 1, 4)).toEqual({ x: 19, y: 23 });
    expect(cellCentre(view(box(10, 20, 20, 24), true), grid, 1, 4)).toEqual({ x: 11, y: 23 });
  });

  it('gives a flipped view the same centres in mirrored order', () => {
    const grid = { height: 3, width: 4 };
    const crop = box(1, 2, 9, 8);
    for (let row = 0; row < 3; row++) {
      for (let column = 0; column < 4; column++) {
        const mirrored = cellCentre(view(crop, true), grid, row, 3 - column);
        expect(cellCentre(view(crop), grid, row, column)).toEqual(mirrored);
      }
    }
  });
});
