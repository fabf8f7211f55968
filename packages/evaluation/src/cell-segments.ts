import { type Grid, PixconError, type ViewGeometry } from '@pixcon/core';

/** The segment id that means "not labelled". */
export const voidSegment = 0;

/**
 * The segment of each cell of a view's feature map: the majority of the image's pixels whose centre lies in the cell,
 * crop and flip undone. Void pixels vote too; ties go to the lowest id. A cell too small to hold a pixel's centre
 * takes the pixel that its own centre lies in.
 *
 * @param segments `[height × width]` ids of the whole image, row by row; 0 is void
 * @returns `[grid.height × grid.width]`, row by row
 * @throws PixconError `data` when the segments have another size
 *
 * @example
 * const segments = Int32Array.of(7, 7, 7, 9); // 1 × 4 pixels
 * const view = { box: { x0: 0, y0: 0, x1: 4, y1: 1 }, flipped: true };
 * cellSegments(segments, { height: 1, width: 4 }, view, { height: 1, width: 2 }); // => [7, 7], a tie and a majority
 */
export function cellSegments(
  segments: Int32Array,
  size: Grid,
  { box, flipped }: ViewGeometry,
  grid: Grid,
): Int32Array {
  if (segments.length !== size.height * size.width) {
    throw new PixconError(
      'data',
      `cellSegments: the segments of a ${size.width}×${size.height} image must be ${size.width * size.height} pixels, got ${segments.length}`,
    );
  }
  const votes = Array.from({ length: grid.height * grid.width }, () => new Map<number, number>());
  const columns = axisCells(box.x0, box.x1, size.width, grid.width, flipped);
  const rows = axisCells(box.y0, box.y1, size.height, grid.height, false);
  for (const { pixel: y, cell: row } of rows) {
    // Runs of one segment in one cell are counted at once.
    let run = { votes: votes[0] as Map<number, number>, id: voidSegment, length: 0 };
    for (const { pixel: x, cell: column } of columns) {
      const ofCell = votes[row * grid.width + column] as Map<number, number>;
      const id = segments[y * size.width + x] as number;
      if (run.votes !== ofCell || run.id !== id) {
        if (run.length > 0) run.votes.set(run.id, (run.votes.get(run.id) ?? 0) + run.length);
        run = { votes: ofCell, id, length: 0 };
      }
      run.length += 1;
    }
    if (run.length > 0) run.votes.set(run.id, (run.votes.get(run.id) ?? 0) + run.length);
  }
  return Int32Array.from(votes, (ofCell, cell) => {
    const winner = majority(ofCell);
    if (winner !== undefined) return winner;
    const column = cell % grid.width;
    const across = ((flipped ? grid.width - 1 - column : column) + 0.5) / grid.width;
    const down = (Math.floor(cell / grid.width) + 0.5) / grid.height;
    const x = Math.min(Math.floor(box.x0 + across * (box.x1 - box.x0)), size.width - 1);
    const y = Math.min(Math.floor(box.y0 + down * (box.y1 - box.y0)), size.height - 1);
    return segments[y * size.width + x] as number;
  });
}

/** The pixels whose centre lies between two edges, and the cell of each. */
function axisCells(
  start: number,
  end: number,
  pixels: number,
  cells: number,
  flipped: boolean,
): { readonly pixel: number; readonly cell: number }[] {
  const result: { pixel: number; cell: number }[] = [];
  for (let pixel = Math.max(0, Math.ceil(start - 0.5)); pixel < pixels && pixel + 0.5 < end; pixel++) {
    const cell = Math.min(Math.floor(((pixel + 0.5 - start) / (end - start)) * cells), cells - 1);
    result.push({ pixel, cell: flipped ? cells - 1 - cell : cell });
  }
  return result;
}

function majority(votes: ReadonlyMap<number, number>): number | undefined {
  let winner: number | undefined;
  let most = 0;
  for (const [id, count] of votes) {
    if (count < most || (count === most && winner !== undefined && id > winner)) continue;
    most = count;
    winner = id;
  }
  return winner;
}
