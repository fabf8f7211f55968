import type { Grid } from '@pixcon/core';
import type { Picture } from '../inspection.ts';

/** How much a way across the whole picture counts against the difference of black and white. */
const positionWeight = 0.7;

/**
 * Chooses cells of a picture that lie on different things: farthest-point sampling over the mean colour and the
 * place of each cell. It depends on the picture alone, so that every snapshot shows the same cells. The first is
 * the one whose colour is farthest from the picture's mean; cells at the border are left out where there are
 * others, because they see the padding.
 *
 * @returns at most `count` cells, row by row indices, in the order of choice
 */
export function chooseCells(picture: Picture, grid: Grid, count: number): number[] {
  const points = describeCells(picture, grid);
  const candidates = interior(grid);
  const mean =
    points[0]?.map((_, axis) => points.reduce((sum, point) => sum + (point[axis] as number), 0)) ?? [];
  const centre = mean.map((sum) => sum / points.length);
  const distances = new Map(
    candidates.map((cell) => [cell, squaredDistance(points[cell] as number[], centre)]),
  );
  const chosen: number[] = [];
  while (chosen.length < Math.min(count, candidates.length)) {
    const [cell] = [...distances].reduce((best, entry) => (entry[1] > best[1] ? entry : best));
    // After the first, only the way to the chosen ones counts.
    for (const [other, distance] of distances) {
      const way = squaredDistance(points[other] as number[], points[cell] as number[]);
      distances.set(other, chosen.length === 0 ? way : Math.min(distance, way));
    }
    chosen.push(cell);
  }
  return chosen;
}

/** Mean red, green, blue in [0, 1] of each cell and its neighbours (one odd pixel is no thing), then its place. */
function describeCells(picture: Picture, grid: Grid): number[][] {
  const { height, width } = grid;
  const longest = Math.max(height, width);
  return Array.from({ length: height * width }, (_, cell) => {
    const [row, column] = [Math.floor(cell / width), cell % width];
    const colour = meanColour(picture, {
      x0: (column - 0.5) / width,
      x1: (column + 1.5) / width,
      y0: (row - 0.5) / height,
      y1: (row + 1.5) / height,
    });
    return [...colour, (positionWeight * row) / longest, (positionWeight * column) / longest];
  });
}

/** Of a part of the picture, in [0, 1] of its sides; what lies outside is cut off. */
function meanColour(
  { width, height, pixels }: Picture,
  part: { readonly x0: number; readonly y0: number; readonly x1: number; readonly y1: number },
): [number, number, number] {
  const [left, right] = span(part.x0, part.x1, width);
  const [top, bottom] = span(part.y0, part.y1, height);
  const sums: [number, number, number] = [0, 0, 0];
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const at = (y * width + x) * 3;
      sums[0] += pixels[at] as number;
      sums[1] += pixels[at + 1] as number;
      sums[2] += pixels[at + 2] as number;
    }
  }
  const total = 255 * (right - left) * (bottom - top);
  return [sums[0] / total, sums[1] / total, sums[2] / total];
}

/** The pixels from `from` to `to`, at least one. */
function span(from: number, to: number, length: number): [start: number, end: number] {
  const start = Math.min(length - 1, Math.max(0, Math.floor(from * length)));
  return [start, Math.max(start + 1, Math.min(length, Math.ceil(to * length)))];
}

function interior({ height, width }: Grid): number[] {
  const margin = Math.min(height, width) >= 4 ? 1 : 0;
  const cells: number[] = [];
  for (let row = margin; row < height - margin; row++) {
    for (let column = margin; column < width - margin; column++) cells.push(row * width + column);
  }
  return cells;
}

function squaredDistance(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, axis) => sum + (value - (b[axis] as number)) ** 2, 0);
}
