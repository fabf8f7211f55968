import { RandomStream } from '@pixcon/core';
import { describe, expect, it } from 'vitest';
import type { LabPlanes } from './lab-planes.ts';
import { type Segmentation, segmentGraph } from './segment-graph.ts';

/** An image of one grey plane; a and b are neutral. */
function grey(width: number, values: readonly number[]): LabPlanes {
  const neutral = new Float32Array(values.length).fill(128);
  return { width, height: values.length / width, planes: [Float32Array.from(values), neutral, neutral] };
}

/** With nothing but the paper's definition: sorted edge objects, segments as sets of pixels. */
function naive(image: LabPlanes, scale: number, minimumSize: number): number[] {
  const { width, height, planes } = image;
  const edges: { a: number; b: number; weight: number }[] = [];
  for (let at = 0; at < width * height; at++) {
    const [x, y] = [at % width, Math.floor(at / width)];
    for (const [dx, dy] of [
      [1, 0],
      [-1, 1],
      [0, 1],
      [1, 1],
    ] as const) {
      // biome-ignore format: four neighbours
      if (x + dx < 0 || x + dx >= width || y + dy >= height) continue;
      const b = at + dy * width + dx;
      const squares = planes.map((plane) => ((plane[at] as number) - (plane[b] as number)) ** 2);
      const distance = Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
      edges.push({ a: at, b, weight: Math.round(distance * 32) / 32 });
    }
  }
  edges.sort((one, other) => one.weight - other.weight);
  const segments = Array.from({ length: width * height }, (_, at) => ({ pixels: new Set([at]), inner: 0 }));
  const of = Array.from(segments);
  const join = (a: number, b: number, inner: number) => {
    const [one, other] = [of[a], of[b]] as [(typeof segments)[0], (typeof segments)[0]];
    const joined = { pixels: new Set([...one.pixels, ...other.pixels]), inner };
    for (const pixel of joined.pixels) of[pixel] = joined;
  };
  for (const { a, b, weight } of edges) {
    const [one, other] = [of[a], of[b]] as [(typeof segments)[0], (typeof segments)[0]];
    const tolerances = [one, other].map(({ pixels, inner }) => inner + scale / pixels.size);
    if (one !== other && weight <= Math.min(...tolerances)) join(a, b, weight);
  }
  for (const { a, b } of edges) {
    const sizes = [of[a], of[b]].map((segment) => segment?.pixels.size as number);
    if (of[a] !== of[b] && Math.min(...sizes) < minimumSize) join(a, b, 0);
  }
  const order = [...new Set(of)];
  return of.map((segment) => order.indexOf(segment));
}

const expectLabels = ({ labels, count }: Segmentation, expected: readonly number[]) => {
  expect([...labels]).toEqual(expected);
  expect(count).toBe(Math.max(...expected) + 1);
};

describe('segmentGraph', () => {
  it('keeps a flat image whole, and two halves apart', () => {
    const options = { scale: 100, minimumSize: 1 };
    expectLabels(segmentGraph(grey(4, new Array(16).fill(7)), options), new Array(16).fill(0));
    const halves = Array.from({ length: 32 }, (_, at) => (at % 8 < 4 ? 20 : 200));
    expectLabels(
      segmentGraph(grey(8, halves), options),
      halves.map((value) => (value === 20 ? 0 : 1)),
    );
  });

  it('joins over a step that the scale allows', () => {
    const halves = grey(4, [0, 0, 30, 30, 0, 0, 30, 30]);
    // Each half has 4 pixels and no variation: the limit is k / 4.
    expect(segmentGraph(halves, { scale: 119, minimumSize: 1 }).count).toBe(2);
    expect(segmentGraph(halves, { scale: 120, minimumSize: 1 }).count).toBe(1);
  });

  it('gives small segments to a neighbour', () => {
    const dot = Array.from({ length: 49 }, (_, at) => (at === 24 ? 255 : 0));
    expect(segmentGraph(grey(7, dot), { scale: 10, minimumSize: 1 }).count).toBe(2);
    expect(segmentGraph(grey(7, dot), { scale: 10, minimumSize: 2 }).count).toBe(1);
  });

  it.each([
    [12, 9, 20, 1],
    [12, 9, 60, 3],
    [1, 30, 20, 2],
    [30, 1, 20, 2],
    [1, 1, 20, 2],
    [16, 16, 300, 5],
  ])('is the paper’s definition on noise of %i × %i', (width, height, scale, minimumSize) => {
    const random = new RandomStream(width * height + scale);
    const planes = [0, 1, 2].map(() =>
      Float32Array.from(
        { length: width * height },
        (_, at) =>
        random.uniform(0, 40) + (at % width < width / 2 ? 60 : 0), // biome-ignore format: one value
      ),
    );
    const image = { width, height, planes } as unknown as LabPlanes;
    expectLabels(segmentGraph(image, { scale, minimumSize }), naive(image, scale, minimumSize));
  });
});
