import { RandomStream } from '@pixcon/core';
import { describe, expect, it } from 'vitest';
import { groupRegions } from './group-regions.ts';
import type { LabPlanes } from './lab-planes.ts';
import { initialRegions, joinRegions, type Region, similarity } from './region.ts';

/** Four quarters of 4 × 4 pixels, each with noise about a level of its own. */
const levels = [20, 24, 200, 204];
const labels = Int32Array.from({ length: 64 }, (_, at) => (at % 8 < 4 ? 0 : 1) + (at < 32 ? 0 : 2));
const random = new RandomStream(4);
const planes = [0, 1, 2].map(() =>
  Float32Array.from(labels, (label) => (levels[label] as number) + random.uniform(0, 3)),
);
const image = { width: 8, height: 8, planes } as unknown as LabPlanes;
const segmentation = { labels, count: 4 };
const [first, second, third] = initialRegions(image, segmentation) as [Region, Region, Region];
const sum = (values: Float32Array) => values.reduce((total, value) => total + value, 0);

describe('regions', () => {
  it('know their size and box, and count every pixel once a histogram', () => {
    expect(second).toMatchObject({ size: 16, box: { x0: 4, y0: 0, x1: 8, y1: 4 } });
    expect(sum(second.colours)).toBe(3 * 16);
    expect(sum(second.texture)).toBe(3 * 8 * 16);
  });

  it('join to what one region of both would be', () => {
    const merged = labels.map((label) => Math.max(0, label - 1));
    const [together] = initialRegions(image, { labels: merged, count: 3 });
    expect(joinRegions(first, second)).toEqual(together);
  });

  it('are alike by colour, size and fit', () => {
    expect(similarity(first, second, 64)).toBe(similarity(second, first, 64));
    expect(similarity(first, second, 64)).toBeGreaterThan(similarity(first, third, 64));
    // The same twice: colour and texture in full, half the image, and a box half empty on the sheet of paper.
    expect(similarity(first, first, 64)).toBeCloseTo(1 + 1 + 0.5 + 1.25, 6);
    const far = { ...first, box: { x0: 4, y0: 4, x1: 8, y1: 8 } };
    expect(similarity(first, far, 64)).toBeCloseTo(1 + 1 + 0.5 + 0.5, 6);
  });

  it('are grouped by likeness, from the segments to the whole image', () => {
    const regions = groupRegions(initialRegions(image, segmentation), segmentation, 8);
    expect(regions.map(({ size }) => size)).toEqual([16, 16, 16, 16, 32, 32, 64]);
    const boxes = regions.slice(4).map(({ box }) => box);
    expect(boxes).toContainEqual({ x0: 0, y0: 0, x1: 8, y1: 4 });
    expect(boxes).toContainEqual({ x0: 0, y0: 4, x1: 8, y1: 8 });
    expect(boxes.at(-1)).toEqual({ x0: 0, y0: 0, x1: 8, y1: 8 });
  });

  it('leave a single segment as it is', () => {
    const whole = { labels: new Int32Array(64), count: 1 };
    expect(groupRegions(initialRegions(image, whole), whole, 8)).toHaveLength(1);
  });
});
