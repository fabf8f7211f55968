import type { Grid } from '@pixcon/core';

/** The cell at a place of a picture, both in [0, 1] from its left and top edge. */
export function cellAt(grid: Grid, across: number, down: number): number {
  const column = Math.min(grid.width - 1, Math.max(0, Math.floor(across * grid.width)));
  const row = Math.min(grid.height - 1, Math.max(0, Math.floor(down * grid.height)));
  return row * grid.width + column;
}

const moves: Readonly<Record<string, readonly [row: number, column: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** The cell that a key leads to from `cell`; `undefined` for other keys. */
export function cellByKey(grid: Grid, cell: number, key: string): number | undefined {
  const move = moves[key];
  if (!move) return undefined;
  const row = Math.min(grid.height - 1, Math.max(0, Math.floor(cell / grid.width) + move[0]));
  const column = Math.min(grid.width - 1, Math.max(0, (cell % grid.width) + move[1]));
  return row * grid.width + column;
}

/** Of `cells`, the one nearest to `cell`: cells at the border see the padding, and have no map. */
export function nearestCell(grid: Grid, cell: number, cells: readonly number[]): number | undefined {
  const distance = (other: number) =>
    Math.hypot(
      Math.floor(other / grid.width) - Math.floor(cell / grid.width),
      (other % grid.width) - (cell % grid.width),
    );
  return cells.reduce<number | undefined>(
    (best, other) => (best === undefined || distance(other) < distance(best) ? other : best),
    undefined,
  );
}
