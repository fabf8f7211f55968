import { area, type Box, intersect, RandomStream, type ViewGeometry } from '@pixcon/core';
import { describe, expect, it } from 'vitest';
import { sampleCrop } from './crop.ts';
import { sampleTwoCrops, type TwoCropOptions } from './two-crops.ts';

const sizes: readonly (readonly [number, number])[] = [
  [640, 480],
  [640, 214],
  [1000, 200],
  [200, 1000],
  [37, 23],
  [3, 2],
  [1, 1],
  [1, 500],
];

function draw(width: number, height: number, count: number, options: TwoCropOptions = {}) {
  const random = new RandomStream(11);
  return Array.from({ length: count }, (_, index) =>
    sampleTwoCrops(width, height, random.fork(index), options),
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function shared(a: Box, b: Box): number {
  const box = intersect(a, b);
  return box ? area(box) : 0;
}

function isInside({ box }: ViewGeometry, width: number, height: number): boolean {
  const { x0, y0, x1, y1 } = box;
  const whole = [x0, y0, x1, y1].every(Number.isInteger);
  return whole && x0 >= 0 && y0 >= 0 && x0 < x1 && y0 < y1 && x1 <= width && y1 <= height;
}

describe('sampleTwoCrops', () => {
  for (const [width, height] of sizes) {
    it(`stays inside ${width} × ${height} and overlaps`, () => {
      for (const [first, second] of draw(width, height, 4000)) {
        expect(isInside(first, width, height)).toBe(true);
        expect(isInside(second, width, height)).toBe(true);
        // The bound is on the area before rounding to pixels, hence the slack on tiny images.
        const bound = 0.01 * area(second.box);
        expect(shared(first.box, second.box)).toBeGreaterThanOrEqual(Math.min(1, bound));
        expect(shared(first.box, second.box)).toBeGreaterThanOrEqual(bound * 0.9);
      }
    });
  }

  it('overlaps by 0.602 of a view on average at 640 × 480', () => {
    const fractions = draw(640, 480, 20_000).flatMap(([first, second]) => {
      const common = shared(first.box, second.box);
      return [common / area(first.box), common / area(second.box)];
    });
    expect(Math.abs(mean(fractions) - 0.602)).toBeLessThan(0.006);
  });

  it('keeps a demanding minimum, whatever the image', () => {
    for (const [width, height] of sizes) {
      for (const [first, second] of draw(width, height, 300, { minimumOverlap: 0.9, attempts: 2 })) {
        expect(shared(first.box, second.box) / area(second.box)).toBeGreaterThan(0.85);
      }
    }
  });

  it('gives views that differ where the reference gives one centre crop twice', () => {
    const same = (pairs: [ViewGeometry, ViewGeometry][]) =>
      mean(
        pairs.map(([{ box: a }, { box: b }]) => (a.x0 === b.x0 && a.x1 === b.x1 && a.y0 === b.y0 ? 1 : 0)),
      );
    const reference = draw(1000, 200, 4000, { reference: true });
    // 0.566 in an independent simulation of the authors' rules.
    expect(Math.abs(same(reference) - 0.566)).toBeLessThan(0.025);
    expect(same(draw(1000, 200, 4000))).toBeLessThan(0.02);

    const identical = reference.filter(([{ box: a }, { box: b }]) => a.x0 === b.x0 && a.x1 === b.x1);
    for (const [first, second] of identical) {
      expect(first.box).toEqual({ x0: 366, y0: 0, x1: 633, y1: 200 });
      expect(second.box).toEqual(first.box);
    }
  });

  it('draws the same with and without reference when a second crop is found', () => {
    const plain = draw(640, 480, 500);
    expect(draw(640, 480, 500, { reference: true })).toEqual(plain);
  });

  it('is a function of the seed', () => {
    expect(draw(640, 480, 50)).toEqual(draw(640, 480, 50));
    expect(sampleTwoCrops(640, 480, new RandomStream(1))).not.toEqual(
      sampleTwoCrops(640, 480, new RandomStream(2)),
    );
  });

  it('mirrors each view with the given probability, on its own', () => {
    const pairs = draw(64, 64, 4000, { flipProbability: 0.3 });
    const first = pairs.map(([view]) => (view.flipped ? 1 : 0));
    const both = pairs.map(([a, b]) => (a.flipped && b.flipped ? 1 : 0));
    expect(Math.abs(mean(first) - 0.3)).toBeLessThan(0.03);
    expect(Math.abs(mean(both) - 0.09)).toBeLessThan(0.02);
  });

  it('names what is wrong', () => {
    const random = new RandomStream(0);
    expect(() => sampleTwoCrops(0, 10, random)).toThrow(/width must be a whole number of at least 1, got 0/);
    expect(() => sampleTwoCrops(9, 10.5, random)).toThrow(/height/);
    expect(() => sampleTwoCrops(9, 9, random, { scale: [0.5, 0.2] })).toThrow(/scale must be \[least/);
    expect(() => sampleTwoCrops(9, 9, random, { scale: [0.5, 2] })).toThrow(/scale/);
    expect(() => sampleTwoCrops(9, 9, random, { minimumOverlap: 0 })).toThrow(/minimumOverlap/);
    expect(() => sampleTwoCrops(9, 9, random, { flipProbability: 1.5 })).toThrow(/flipProbability/);
  });
});

describe('sampleCrop', () => {
  const crops = (width: number, height: number) => {
    const random = new RandomStream(5);
    return Array.from({ length: 20_000 }, () => sampleCrop(width, height, random));
  };

  it('keeps area and aspect in range, area near uniform where every shape fits', () => {
    const random = new RandomStream(5);
    const fractions: number[] = [];
    const logs: number[] = [];
    for (let index = 0; index < 20_000; index++) {
      const box = sampleCrop(400, 400, random, { scale: [0.1, 0.7] });
      fractions.push(area(box) / 160_000);
      logs.push(Math.log((box.x1 - box.x0) / (box.y1 - box.y0)));
    }
    expect(Math.min(...fractions)).toBeGreaterThan(0.098);
    expect(Math.max(...fractions)).toBeLessThan(0.702);
    // Uniform on [0.1, 0.7]: mean 0.4, variance 0.6² / 12.
    expect(Math.abs(mean(fractions) - 0.4)).toBeLessThan(0.005);
    expect(Math.abs(mean(fractions.map((value) => (value - 0.4) ** 2)) - 0.03)).toBeLessThan(0.001);
    // Log-uniform on [3/4, 4/3]: the logarithm has mean 0 and variance (2 ln(4/3))² / 12.
    expect(Math.abs(mean(logs))).toBeLessThan(0.005);
    expect(Math.abs(mean(logs.map((value) => value ** 2)) - (2 * Math.log(4 / 3)) ** 2 / 12)).toBeLessThan(
      0.001,
    );
  });

  it('reaches every border', () => {
    const boxes = crops(20, 20);
    expect(Math.min(...boxes.map(({ x0 }) => x0))).toBe(0);
    expect(Math.max(...boxes.map(({ x1 }) => x1))).toBe(20);
    expect(Math.max(...boxes.map(({ y1 }) => y1))).toBe(20);
  });

  it('falls back to the centre crop of the nearest allowed aspect ratio', () => {
    const random = new RandomStream(0);
    const all = { scale: [1, 1], attempts: 3 } as const;
    expect(sampleCrop(400, 100, random, all)).toEqual({ x0: 133, y0: 0, x1: 266, y1: 100 });
    expect(sampleCrop(90, 400, random, all)).toEqual({ x0: 0, y0: 140, x1: 90, y1: 260 });
    expect(sampleCrop(1, 1000, random)).toEqual({ x0: 0, y0: 499, x1: 1, y1: 500 });
  });
});
