import type { WasmWindow } from './window.ts';

/**
 * What one tap of a window sees at each output position: the flat index of an input position in
 * `[batch, height, width]`, or, in the padding, the index behind the last.
 *
 * @param line the first of `count` output rows, counted over the batch
 */
export function positionsSeen(
  [batch, height, width]: readonly number[],
  [, outHeight, outWidth]: readonly number[],
  { strideHeight, strideWidth, top, left }: WasmWindow,
  [row, column]: readonly [number, number],
  line: number,
  count: number,
): Int32Array {
  const [rows, columns] = [height as number, width as number];
  const outside = (batch as number) * rows * columns;
  const seen = new Int32Array(count * (outWidth as number));
  let to = 0;
  for (let l = line; l < line + count; l++) {
    const image = Math.floor(l / (outHeight as number));
    const y = (l % (outHeight as number)) * strideHeight - top + row;
    const start = (image * rows + y) * columns;
    const inside = y >= 0 && y < rows;
    for (let j = 0; j < (outWidth as number); j++, to++) {
      const x = j * strideWidth - left + column;
      seen[to] = inside && x >= 0 && x < columns ? start + x : outside;
    }
  }
  return seen;
}
