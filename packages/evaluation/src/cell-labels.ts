import { type Grid, PixconError } from '@pixcon/core';

/** The class index that means "not labelled". */
export const voidClass = 255;

/**
 * The class of each cell of a feature map: the majority of the mask's pixels whose centre lies in the cell, at
 * the mask's own resolution. Void pixels vote too, so a cell that is mostly void is void; ties go to the lowest
 * class. A cell too small to hold a pixel's centre takes the pixel it lies in.
 *
 * @param mask `[height × width]` class indices, row by row; 255 is void
 * @returns `[grid.height × grid.width]`, row by row
 * @throws PixconError `data` when the mask has another size
 *
 * @example
 * const mask = Uint8Array.of(0, 0, 1, 1, 0, 0, 1, 255); // 2 × 4 pixels
 * cellLabels(mask, { height: 2, width: 4 }, { height: 1, width: 2 }); // => [0, 1]
 */
export function cellLabels(mask: Uint8Array, size: Grid, grid: Grid): Uint8Array {
  if (mask.length !== size.height * size.width) {
    throw new PixconError(
      'data',
      `cellLabels: the mask of a ${size.width}×${size.height} image must have ${size.width * size.height} pixels, got ${mask.length}`,
    );
  }
  const cells = grid.height * grid.width;
  const votes = new Uint32Array(cells * 256);
  for (let y = 0; y < size.height; y++) {
    const row = Math.floor(((y + 0.5) * grid.height) / size.height) * grid.width;
    for (let x = 0; x < size.width; x++) {
      const cell = row + Math.floor(((x + 0.5) * grid.width) / size.width);
      const slot = cell * 256 + (mask[y * size.width + x] as number);
      votes[slot] = (votes[slot] as number) + 1;
    }
  }
  return Uint8Array.from({ length: cells }, (_, cell) => {
    const winner = mostVotes(votes.subarray(cell * 256, (cell + 1) * 256));
    if (winner !== undefined) return winner;
    const y = Math.floor(((Math.floor(cell / grid.width) + 0.5) * size.height) / grid.height);
    const x = Math.floor((((cell % grid.width) + 0.5) * size.width) / grid.width);
    return mask[y * size.width + x] as number;
  });
}

/** `undefined` without a vote. */
function mostVotes(votes: Uint32Array): number | undefined {
  let winner: number | undefined;
  let most = 0;
  for (const [label, count] of votes.entries()) {
    if (count > most) {
      most = count;
      winner = label;
    }
  }
  return winner;
}
