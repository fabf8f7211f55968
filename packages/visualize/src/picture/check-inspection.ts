import { PixconError } from '@pixcon/core';
import type { PairInspection } from '../inspection.ts';

/** @throws PixconError `invalid-shape` where an array has not one entry per cell, or an index no cell */
export function checkInspection(
  where: string,
  { grid, index, weight, similarity, inOverlap }: PairInspection,
): void {
  const cells = grid.height * grid.width;
  for (const [name, values] of Object.entries({ index, weight, similarity, inOverlap })) {
    if (values.length === cells) continue;
    throw new PixconError(
      'invalid-shape',
      `${where}: expected ${cells} entries of ${name} for a grid of ${grid.height} × ${grid.width}, got ${values.length}`,
    );
  }
  const stray = index.find((cell) => cell < 0 || cell >= cells);
  if (stray !== undefined) {
    throw new PixconError('invalid-shape', `${where}: index has ${stray}, but there are ${cells} key cells`);
  }
}
