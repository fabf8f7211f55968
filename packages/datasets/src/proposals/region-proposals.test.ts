import { area, type Box, type DecodedImage, intersect, RandomStream } from '@pixcon/core';
import { describe, expect, it, vi } from 'vitest';
import { syntheticScenes } from '../synthetic-scenes.ts';
import { keepProposals } from './keep-proposals.ts';
import { regionProposals } from './region-proposals.ts';

type Colour = readonly [number, number, number];
const [grey, red, blue]: Colour[] = [[90, 90, 90], [220, 40, 40], [30, 60, 210]]; // biome-ignore format: colours

/** Rectangles over each other, on grey. */
function paint(width: number, height: number, ...shapes: readonly (readonly [Box, Colour])[]): DecodedImage {
  const data = new Uint8Array(width * height * 3);
  for (let at = 0; at < width * height; at++) {
    const [x, y] = [at % width, Math.floor(at / width)];
    let colour = grey as Colour;
    for (const [{ x0, y0, x1, y1 }, own] of shapes) if (x >= x0 && x < x1 && y >= y0 && y < y1) colour = own;
    data.set(colour, at * 3);
  }
  return { data, width, height };
}

function mirror({ data, width, height }: DecodedImage): DecodedImage {
  const mirrored = new Uint8Array(data.length);
  for (let at = 0; at < width * height; at++) {
    const x = at % width;
    mirrored.set(data.subarray(at * 3, at * 3 + 3), (at - x + width - 1 - x) * 3);
  }
  return { data: mirrored, width, height };
}

const overlap = (a: Box, b: Box) => {
  const common = intersect(a, b);
  return common ? area(common) / (area(a) + area(b) - area(common)) : 0;
};
const recall = (objects: readonly Box[], boxes: readonly Box[]) =>
  objects.filter((object) => boxes.some((box) => overlap(object, box) >= 0.5)).length / objects.length;

/** The smoothing before the search moves an edge by up to a pixel. */
const near = ({ x0, y0, x1, y1 }: Box) =>
  expect.toSatisfy((box: Box) =>
    [box.x0 - x0, box.y0 - y0, box.x1 - x1, box.y1 - y1].every((difference) => Math.abs(difference) <= 1),
  );

const left: Box = { x0: 16, y0: 20, x1: 52, y1: 60 };
const right: Box = { x0: 80, y0: 30, x1: 130, y1: 90 };
const inner: Box = { x0: 95, y0: 45, x1: 115, y1: 70 };
const two = paint(160, 120, [left, red as Colour], [right, blue as Colour]);

describe('regionProposals', () => {
  it('finds nothing in a flat image, however small', () => {
    expect(regionProposals(paint(160, 120))).toEqual([]);
    expect(regionProposals(paint(1, 1))).toEqual([]);
    expect(regionProposals(paint(300, 2))).toEqual([]);
  });

  it('finds two rectangles, to a pixel, and nothing else', () => {
    const boxes = regionProposals(two);
    expect(boxes).toHaveLength(2);
    expect(boxes).toContainEqual(near(left));
    expect(boxes).toContainEqual(near(right));
    expect(boxes.every((box) => area(box) < 160 * 120)).toBe(true);
  });

  it('finds what is nested, and the outer one', () => {
    const nested = paint(160, 120, [right, blue as Colour], [inner, red as Colour]);
    const boxes = regionProposals(nested);
    expect(boxes).toContainEqual(near(right));
    expect(boxes).toContainEqual(near(inner));
  });

  it('finds the mirrored boxes in a mirrored image', () => {
    const boxes = regionProposals(two).map(({ x0, x1, ...rest }) => ({
      x0: 160 - x1,
      x1: 160 - x0,
      ...rest,
    }));
    const mirrored = regionProposals(mirror(two));
    expect(mirrored).toHaveLength(boxes.length);
    expect(mirrored).toEqual(expect.arrayContaining(boxes));
  });

  it('finds the doubled boxes in an image of doubled pixels', async () => {
    const image = await syntheticScenes({ count: 1, size: 96 }).load(0);
    const data = new Uint8Array(192 * 192 * 3);
    for (let at = 0; at < 192 * 192; at++) {
      const source = Math.floor(at / 192 / 2) * 96 + Math.floor((at % 192) / 2);
      data.set(image.data.subarray(source * 3, source * 3 + 3), at * 3);
    }
    const boxes = regionProposals({ data, width: 192, height: 192 }, { longestSide: 96 });
    const doubled = regionProposals(image).map(({ x0, y0, x1, y1 }) => [2 * x0, 2 * y0, 2 * x1, 2 * y1]);
    expect(doubled.length).toBeGreaterThan(5);
    expect(boxes.map(({ x0, y0, x1, y1 }) => [x0, y0, x1, y1])).toEqual(doubled);
  });

  it('keeps to sides, shapes and overlaps that are asked for', async () => {
    const image = await syntheticScenes({ count: 1, size: 128, seed: 2 }).load(0);
    const boxes = regionProposals(image);
    const all = regionProposals(image, { minimumSide: 0, maximumAspectRatio: 100, maximumOverlap: 1 });
    expect(all.length).toBeGreaterThan(2 * boxes.length);
    for (const [i, box] of boxes.entries()) {
      const [width, height] = [box.x1 - box.x0, box.y1 - box.y0];
      expect(Object.values(box).every((edge) => Number.isInteger(edge) && edge >= 0 && edge <= 128)).toBe(
        true,
      );
      expect(Math.min(width, height)).toBeGreaterThanOrEqual(12.8);
      expect(Math.max(width, height)).toBeLessThanOrEqual(3 * Math.min(width, height));
      expect(boxes.slice(0, i).every((other) => overlap(box, other) <= 0.5)).toBe(true);
      expect(all).toContainEqual(box);
    }
    expect(() => regionProposals(image, { scale: 0 })).toThrow('scale');
    expect(() => regionProposals({ ...image, width: 127 })).toThrow('127 × 128 has 48768 bytes, got 49152');
  });

  it('covers the objects of scenes, which as many random boxes do not', async () => {
    const scenes = syntheticScenes({ count: 12, seed: 3 });
    const random = new RandomStream(1);
    const scores = { found: 0, chance: 0 };
    for (let index = 0; index < scenes.length; index++) {
      const [image, mask] = await Promise.all([scenes.load(index), scenes.mask(index)]);
      const objects = components(mask, 128);
      const boxes = regionProposals(image);
      expect(boxes.length).toBeLessThan(70);
      scores.found += recall(objects, boxes) / scenes.length;
      const others = boxes.map(({ x0, y0, x1, y1 }) => {
        const [x, y] = [random.integer(0, 129 - (x1 - x0)), random.integer(0, 129 - (y1 - y0))];
        return { x0: x, y0: y, x1: x + x1 - x0, y1: y + y1 - y0 };
      });
      scores.chance += recall(objects, others) / scenes.length;
    }
    expect(scores.found).toBeGreaterThan(0.8);
    expect(scores.chance).toBeLessThan(0.45);
  });

  it('is searched once an image by keepProposals', () => {
    const proposalsOf = keepProposals({ minimumSide: 0.2 });
    const image = { ...two, data: two.data.slice() };
    const expected = regionProposals(image, { minimumSide: 0.2 });
    const length = vi.spyOn(image.data, 'length', 'get');
    expect(proposalsOf(3, image)).toEqual(expected);
    const reads = length.mock.calls.length;
    expect(proposalsOf(3, image)).toEqual(expected);
    expect(length.mock.calls.length).toBe(reads);
    expect(proposalsOf(4, paint(40, 40))).toEqual([]);
    expect(proposalsOf(4, paint(40, 40))).toEqual([]);
  });
});

/** Boxes of connected parts of one class, of 200 pixels or more. */
function components(mask: Uint8Array, width: number): Box[] {
  const seen = new Uint8Array(mask.length);
  const boxes: Box[] = [];
  for (let start = 0; start < mask.length; start++) {
    if (mask[start] === 0 || seen[start]) continue;
    const box = { x0: width, y0: mask.length, x1: 0, y1: 0 };
    const open = [start];
    seen[start] = 1;
    let size = 0;
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const x = at % width;
      const y = Math.floor(at / width);
      size++;
      box.x0 = Math.min(box.x0, x);
      box.y0 = Math.min(box.y0, y);
      box.x1 = Math.max(box.x1, x + 1);
      box.y1 = Math.max(box.y1, y + 1);
      const next = [x > 0 ? at - 1 : -1, x + 1 < width ? at + 1 : -1, at - width, at + width];
      for (const to of next) {
        if (mask[to] !== mask[start] || seen[to]) continue;
        seen[to] = 1;
        open.push(to);
      }
    }
    if (size >= 200) boxes.push(box);
  }
  return boxes;
}
