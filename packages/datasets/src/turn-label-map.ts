import type { LabelMap } from './read-label-map.ts';

/** Whether an EXIF orientation (1 to 8) exchanges width and height. */
export function turnsSideways(orientation: number): boolean {
  return orientation >= 5 && orientation <= 8;
}

/**
 * A label map turned as EXIF says that a photo is to be shown, value by value: 2 to 4 mirror or turn it by 180°, 5 to
 * 8 exchange width and height.
 *
 * @see EXIF 2.32, tag 0x0112
 */
export function turnLabelMap(map: LabelMap, orientation: number): LabelMap {
  if (orientation === 1) return map;
  const { width, height, channels, data } = map;
  const sideways = turnsSideways(orientation);
  const [columns, rows] = sideways ? [height, width] : [width, height];
  // Not `slice`: of a Buffer, that is the same memory.
  const turned = data instanceof Uint16Array ? new Uint16Array(data.length) : new Uint8Array(data.length);
  // Where the stored first row and column lie: 2, 3, 6, 7 begin at the right, 3, 4, 7, 8 at the bottom.
  const fromRight = [2, 3, 6, 7].includes(orientation);
  const fromBottom = [3, 4, 7, 8].includes(orientation);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const across = fromRight ? columns - 1 - x : x;
      const down = fromBottom ? rows - 1 - y : y;
      const from = sideways ? across * width + down : down * width + across;
      for (let channel = 0; channel < channels; channel++) {
        turned[(y * columns + x) * channels + channel] = data[from * channels + channel] as number;
      }
    }
  }
  return { ...map, width: columns, height: rows, data: turned };
}
