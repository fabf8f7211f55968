import { PixconError, RandomStream } from '@pixcon/core';
import { describe, expect, it } from 'vitest';
import { cellLabels } from './cell-labels.ts';

describe('cellLabels', () => {
  it('takes the majority of each cell', () => {
    // biome-ignore format: rows
    const mask = Uint8Array.of(
      0, 0, 1, 1,
      0, 5, 1, 2,
      3, 3, 4, 4,
      4, 3, 4, 3,
    );
    expect([...cellLabels(mask, { height: 4, width: 4 }, { height: 2, width: 2 })]).toEqual([0, 1, 3, 4]);
  });

  it('gives a tie to the lowest class, and void loses it', () => {
    const mask = Uint8Array.of(7, 2, 255, 9, 255, 255);
    expect([...cellLabels(mask, { height: 1, width: 6 }, { height: 1, width: 3 })]).toEqual([2, 9, 255]);
  });

  it('calls a cell void when most of it is', () => {
    expect([
      ...cellLabels(Uint8Array.of(255, 255, 3, 0), { height: 2, width: 2 }, { height: 1, width: 1 }),
    ]).toEqual([255]);
  });

  it.each([
    [7, 10, 3, 4],
    [5, 5, 2, 3],
    [64, 48, 7, 7],
  ])('agrees with counting by cell bounds: %i×%i pixels, %i×%i cells', (height, width, rows, columns) => {
    const random = new RandomStream(height);
    const mask = Uint8Array.from({ length: height * width }, () => random.integer(0, 4));
    const expected: number[] = [];
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const counts = [0, 0, 0, 0];
        for (let y = 0; y < height; y++) {
          for (let x = 0; x < width; x++) {
            const inside =
              (y + 0.5) * rows >= row * height &&
              (y + 0.5) * rows < (row + 1) * height &&
              (x + 0.5) * columns >= column * width &&
              (x + 0.5) * columns < (column + 1) * width;
            const label = mask[y * width + x] as 0 | 1 | 2 | 3;
            if (inside) counts[label] = (counts[label] ?? 0) + 1;
          }
        }
        expected.push(counts.indexOf(Math.max(...counts)));
      }
    }
    expect([...cellLabels(mask, { height, width }, { height: rows, width: columns })]).toEqual(expected);
  });

  it('labels cells smaller than a pixel by the pixel they lie in', () => {
    expect([...cellLabels(Uint8Array.of(1, 6), { height: 1, width: 2 }, { height: 2, width: 4 })]).toEqual([
      1, 1, 6, 6, 1, 1, 6, 6,
    ]);
  });

  it('refuses a mask of another size', () => {
    expect(() => cellLabels(new Uint8Array(5), { height: 2, width: 3 }, { height: 1, width: 1 })).toThrow(
      PixconError,
    );
  });
});
