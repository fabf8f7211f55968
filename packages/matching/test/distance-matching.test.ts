import { cellCentre, type Grid, RandomStream, type ViewGeometry } from '@pixcon/core';
import { describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { distanceMatching, distancePairs } from '../src/index.ts';
import { randomInput, randomView } from './random-input.ts';

extendExpect();

const grid: Grid = { height: 3, width: 4 };

/** PixPro's code on one image: corners with x0 and x2 swapped by a flip, bins of signed width. */
function authorsPairs(
  query: ViewGeometry,
  key: ViewGeometry,
  { height, width }: Grid,
  radius: number,
): number[] {
  const bins = ({ box, flipped }: ViewGeometry) => {
    const [left, right] = flipped ? [box.x1, box.x0] : [box.x0, box.x1];
    return { left, top: box.y0, across: (right - left) / width, down: (box.y1 - box.y0) / height };
  };
  const [q, k] = [bins(query), bins(key)];
  const diagonal = Math.max(Math.hypot(q.across, q.down), Math.hypot(k.across, k.down));
  const cells = Array.from({ length: height * width }, (_, i) => [(i % width) + 0.5, Math.floor(i / width) + 0.5] as const); // biome-ignore format: one
  return cells.flatMap(([qx, qy]) =>
    cells.map(([kx, ky]) => {
      const x = qx * q.across + q.left - (kx * k.across + k.left);
      const y = qy * q.down + q.top - (ky * k.down + k.top);
      return Number(Math.hypot(x, y) / diagonal < radius);
    }),
  );
}

describe('distancePairs', () => {
  it.each([0.7, 0.5, 2])('are those of the authors’ formula, radius %d', (radius) => {
    const random = new RandomStream(1);
    for (let i = 0; i < 50; i++) {
      const [query, key] = [randomView(random), randomView(random)];
      const pairs = [...distancePairs([query], [key], grid, { radius })];
      expect(pairs).toEqual(authorsPairs(query, key, grid, radius));
    }
  });

  it('are of cells with themselves for equal crops, mirrored by a flip', () => {
    const box = { x0: 10, y0: 5, x1: 50, y1: 35 };
    const plain = { box, flipped: false };
    const cells = Array.from({ length: 12 }, (_, i) => i);
    const pairs = [...distancePairs([plain, plain], [plain, { box, flipped: true }], grid)];
    // Cells are square here: a neighbour is 0.71 diagonals away.
    expect(pairs.slice(0, 144)).toEqual(cells.flatMap((i) => cells.map((j) => Number(i === j))));
    const mirrored = (i: number) => Math.floor(i / 4) * 4 + 3 - (i % 4);
    expect(pairs.slice(144)).toEqual(cells.flatMap((i) => cells.map((j) => Number(j === mirrored(i)))));
  });

  it('are the same seen from the other view, whatever the scale of the image', () => {
    const random = new RandomStream(2);
    for (let i = 0; i < 20; i++) {
      const [query, key] = [randomView(random), randomView(random)];
      const there = distancePairs([query], [key], grid);
      const back = distancePairs([key], [query], grid);
      const scaled = [query, key].map(({ box, flipped }) => ({
        box: { x0: 8 * box.x0, y0: 8 * box.y0, x1: 8 * box.x1, y1: 8 * box.y1 },
        flipped,
      })) as [ViewGeometry, ViewGeometry];
      expect([...distancePairs([scaled[0]], [scaled[1]], grid)]).toEqual([...there]);
      for (let a = 0; a < 12; a++) {
        for (let b = 0; b < 12; b++) expect(back[b * 12 + a]).toBe(there[a * 12 + b]);
      }
    }
  });

  it('are none for crops apart, all for a large radius, and none for no images', () => {
    const [left, right] = [0, 100].map((x0) => ({ box: { x0, y0: 0, x1: x0 + 20, y1: 20 }, flipped: false }));
    if (!left || !right) throw new Error('two views');
    expect(new Set(distancePairs([left], [right], grid))).toEqual(new Set([0]));
    expect(new Set(distancePairs([left], [right], grid, { radius: 100 }))).toEqual(new Set([1]));
    expect(distancePairs([], [], grid)).toHaveLength(0);
  });

  it('names the mistake', () => {
    const view = { box: { x0: 0, y0: 0, x1: 1, y1: 1 }, flipped: false };
    expect(() => distancePairs([view], [], grid)).toThrow('the number of key views');
    expect(() => distancePairs([view], [view], { height: 0, width: 1 })).toThrow('grid.height');
    expect(() => distancePairs([view], [view], grid, { radius: 0 })).toThrow(
      'radius must be a number above 0',
    );
    expect(() => distanceMatching({ radius: -1 })).toThrow('radius');
  });
});

describeBackends('distanceMatching', () => {
  it('gives the nearest cell, and weight to it where the two are a pair', async () => {
    const matching = distanceMatching({ radius: 0.6 });
    expect(matching.settings).toEqual({ radius: 0.6 });
    for (let seed = 0; seed < 5; seed++) {
      const input = randomInput(seed);
      const { queryGeometry, keyGeometry } = input;
      const { index, weight } = matching(input);
      expect([index.dtype, index.shape, weight.shape]).toEqual(['int32', [3, 12], [3, 12]]);
      const pairs = distancePairs(queryGeometry, keyGeometry, grid, { radius: 0.6 });
      for (const [image, view] of queryGeometry.entries()) {
        for (let i = 0; i < 12; i++) {
          const from = cellCentre(view, grid, Math.floor(i / 4), i % 4);
          const distances = Array.from({ length: 12 }, (_, j) => {
            const to = cellCentre(keyGeometry[image] as ViewGeometry, grid, Math.floor(j / 4), j % 4);
            return Math.hypot(from.x - to.x, from.y - to.y);
          });
          const picked = (await index.array())[image]?.[i] as number;
          expect(distances[picked]).toBeCloseTo(Math.min(...distances), 9);
          expect((await weight.array())[image]?.[i]).toBe(pairs[(image * 12 + i) * 12 + picked]);
          const any = pairs
            .subarray((image * 12 + i) * 12, (image * 12 + i + 1) * 12)
            .some((pair) => pair === 1);
          expect((await weight.array())[image]?.[i]).toBe(Number(any));
        }
      }
      tf.dispose([index, weight, input.query, input.key]);
    }
  });

  it('leaks nothing', () => {
    const input = randomInput(6);
    expectNoLeaks(() => {
      const { index, weight } = distanceMatching()(input);
      tf.dispose([index, weight]);
    });
    tf.dispose([input.query, input.key]);
  });
});
