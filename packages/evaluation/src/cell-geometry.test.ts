import { cellCentre, RandomStream } from '@pixcon/core';
import { describe, expect, it } from 'vitest';
import { cellFractions } from './cell-fractions.ts';
import { cellLabels } from './cell-labels.ts';
import { cellSegments } from './cell-segments.ts';
import { upsampledArgMax } from './upsampled-arg-max.ts';

describe('cellFractions', () => {
  it('gives shares of all pixels, void ones weighing nothing', () => {
    const mask = Uint8Array.of(0, 0, 1, 1, 0, 1, 1, 255);
    expect([...cellFractions(mask, { height: 2, width: 4 }, { height: 1, width: 2 }, 2)]).toEqual([
      0.75, 0.25, 0, 0.75,
    ]);
    const all = cellFractions(
      new Uint8Array(4).fill(255),
      { height: 2, width: 2 },
      { height: 1, width: 1 },
      3,
    );
    expect([...all]).toEqual([0, 0, 0]);
  });

  it('has cellLabels as its largest share', () => {
    const random = new RandomStream(2);
    const [height, width] = [37, 23];
    const mask = Uint8Array.from({ length: height * width }, () => random.integer(0, 4));
    const fractions = cellFractions(mask, { height, width }, { height: 5, width: 4 }, 4);
    const labels = cellLabels(mask, { height, width }, { height: 5, width: 4 });
    for (const [cell, label] of labels.entries()) {
      const shares = [...fractions.subarray(cell * 4, cell * 4 + 4)];
      expect(shares.indexOf(Math.max(...shares))).toBe(label);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 6);
    }
  });

  it('takes the pixel of a cell smaller than one, and refuses what does not fit', () => {
    expect([...cellFractions(Uint8Array.of(1), { height: 1, width: 1 }, { height: 1, width: 2 }, 2)]).toEqual(
      [0, 1, 0, 1],
    );
    const grid = { height: 1, width: 1 };
    expect(() => cellFractions(Uint8Array.of(2), grid, grid, 2)).toThrow('below 2, got 2');
    expect(() => cellFractions(Uint8Array.of(1, 1), grid, grid, 2)).toThrow('must have 1 pixels, got 2');
  });
});

describe('cellSegments', () => {
  const random = new RandomStream(5);

  it.each([
    { box: { x0: 3, y0: 2, x1: 27, y1: 19 }, flipped: false },
    { box: { x0: 3, y0: 2, x1: 27, y1: 19 }, flipped: true },
    { box: { x0: 0, y0: 0, x1: 31, y1: 20 }, flipped: true },
    { box: { x0: 10, y0: 5, x1: 12, y1: 7 }, flipped: true },
  ])('agrees with counting by cell bounds: $box.x0–$box.x1, flipped $flipped', (view) => {
    const size = { height: 20, width: 31 };
    const grid = { height: 3, width: 5 };
    const segments = Int32Array.from({ length: 620 }, () => random.integer(0, 3) * 70_000);
    const { x0, y0, x1, y1 } = view.box;
    const expected = Array.from({ length: 15 }, (_, cell) => {
      const row = Math.floor(cell / 5);
      const column = view.flipped ? 4 - (cell % 5) : cell % 5;
      const counts = new Map<number, number>();
      for (let y = y0; y < y1; y++) {
        for (let x = x0; x < x1; x++) {
          const inRow = Math.floor(((y + 0.5 - y0) * 3) / (y1 - y0)) === row;
          const inColumn = Math.floor(((x + 0.5 - x0) * 5) / (x1 - x0)) === column;
          const id = segments[y * 31 + x] as number;
          if (inRow && inColumn) counts.set(id, (counts.get(id) ?? 0) + 1);
        }
      }
      if (counts.size === 0) {
        const { x, y } = cellCentre(view, grid, row, cell % 5);
        return segments[Math.floor(y) * 31 + Math.floor(x)] as number;
      }
      return [...counts].sort(([a, less], [b, more]) => more - less || a - b)[0]?.[0];
    });
    expect([...cellSegments(segments, size, view, grid)]).toEqual(expected);
  });

  it('mirrors with the view', () => {
    const segments = Int32Array.of(7, 7, 8, 9);
    const view = (flipped: boolean) => ({ box: { x0: 0, y0: 0, x1: 4, y1: 1 }, flipped });
    const [size, grid] = [
      { height: 1, width: 4 },
      { height: 1, width: 4 },
    ];
    expect([...cellSegments(segments, size, view(true), grid)]).toEqual([9, 8, 7, 7]);
    expect(() => cellSegments(Int32Array.of(1), size, view(false), grid)).toThrow('must be 4 pixels, got 1');
  });
});

describe('upsampledArgMax', () => {
  it('keeps a grid of the same size', () => {
    const logits = Float32Array.of(0, 1, 2, 0, -1, -2, 5, 5);
    expect([...upsampledArgMax(logits, { height: 2, width: 2 }, 2, { height: 2, width: 2 })]).toEqual([
      1, 0, 0, 0,
    ]);
  });

  it('crosses between cells where the logits do, and not beyond their centres', () => {
    // Column 0 falls 3 → −1, column 1 is 0: they cross at three quarters of the way between the centres.
    const logits = Float32Array.of(3, 0, -1, 0);
    const line = upsampledArgMax(logits, { height: 1, width: 2 }, 2, { height: 1, width: 16 });
    // Centres at 4 and 12, so the crossing lies at pixel edge 10.
    expect([...line]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
  });

  it('agrees with a plain bilinear enlargement', () => {
    const random = new RandomStream(3);
    const grid = { height: 3, width: 4 };
    const size = { height: 17, width: 10 };
    const logits = Float32Array.from({ length: 36 }, () => random.normal());
    const at = (row: number, column: number, channel: number) =>
      logits[(Math.min(Math.max(row, 0), 2) * 4 + Math.min(Math.max(column, 0), 3)) * 3 + channel] as number;
    const expected = Array.from({ length: 170 }, (_, pixel) => {
      const y = ((Math.floor(pixel / 10) + 0.5) * 3) / 17 - 0.5;
      const x = (((pixel % 10) + 0.5) * 4) / 10 - 0.5;
      const [row, column] = [Math.floor(y), Math.floor(x)];
      const values = [0, 1, 2].map(
        (channel) =>
          (1 - (y - row)) * (1 - (x - column)) * at(row, column, channel) +
          (1 - (y - row)) * (x - column) * at(row, column + 1, channel) +
          (y - row) * (1 - (x - column)) * at(row + 1, column, channel) +
          (y - row) * (x - column) * at(row + 1, column + 1, channel),
      );
      return values.indexOf(Math.max(...values));
    });
    expect([...upsampledArgMax(logits, grid, 3, size)]).toEqual(expected);
  });
});
