import { type Grid, PixconError } from '@pixcon/core';
import { voidClass } from './cell-labels.ts';

/**
 * How much of each cell of a feature map every class covers, of all its pixels: a cell that is half void has shares
 * that add up to a half. A pixel belongs to the cell in which its centre lies; a cell too small to hold one takes the
 * pixel it lies in.
 *
 * @param mask `[height × width]` class indices, row by row; 255 is void
 * @returns `[cells × classCount]`
 * @throws PixconError `data` when the mask has another size, or a class outside `classCount`
 *
 * @example
 * const mask = Uint8Array.of(0, 0, 1, 1, 0, 1, 1, 255); // 2 × 4 pixels
 * cellFractions(mask, { height: 2, width: 4 }, { height: 1, width: 2 }, 2); // => [0.75, 0.25, 0, 0.75]
 */
export function cellFractions(mask: Uint8Array, size: Grid, grid: Grid, classCount: number): Float32Array {
  if (mask.length !== size.height * size.width) {
    throw new PixconError(
      'data',
      `cellFractions: the mask of a ${size.width}×${size.height} image must have ${size.width * size.height} pixels, got ${mask.length}`,
    );
  }
  const cells = grid.height * grid.width;
  const fractions = new Float32Array(cells * classCount);
  const pixels = new Uint32Array(cells);
  const count = (cell: number, label: number) => {
    pixels[cell] = (pixels[cell] as number) + 1;
    if (label === voidClass) return;
    if (label >= classCount) {
      throw new PixconError('data', `cellFractions: classes must be below ${classCount}, got ${label}`);
    }
    const slot = cell * classCount + label;
    fractions[slot] = (fractions[slot] as number) + 1;
  };
  for (let y = 0; y < size.height; y++) {
    const row = Math.floor(((y + 0.5) * grid.height) / size.height) * grid.width;
    for (let x = 0; x < size.width; x++) {
      count(row + Math.floor(((x + 0.5) * grid.width) / size.width), mask[y * size.width + x] as number);
    }
  }
  for (let cell = 0; cell < cells; cell++) {
    if (pixels[cell] === 0) {
      const y = Math.floor(((Math.floor(cell / grid.width) + 0.5) * size.height) / grid.height);
      const x = Math.floor((((cell % grid.width) + 0.5) * size.width) / grid.width);
      count(cell, mask[y * size.width + x] as number);
    }
    for (let slot = cell * classCount; slot < (cell + 1) * classCount; slot++) {
      fractions[slot] = (fractions[slot] as number) / (pixels[cell] as number);
    }
  }
  return fractions;
}
