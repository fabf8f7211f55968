import { type Grid, PixconError, type ViewGeometry } from '@pixcon/core';

type Fields = Readonly<Record<string, unknown>>;

export function checkRecord(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null) return value as Fields;
  throw damaged(`${what} is no record`);
}

export function damaged(problem: string): PixconError {
  return new PixconError('checkpoint', `pictures: ${problem}: the file is damaged; remove it`);
}

/** A whole number of at least `least`. */
export function checkWhole(value: unknown, what: string, least = 0): number {
  if (Number.isSafeInteger(value) && (value as number) >= least) return value as number;
  throw damaged(`${what} is no whole number of at least ${least}`);
}

export function checkText(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  throw damaged(`${what} is no text`);
}

export function checkList(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw damaged(`${what} is no list`);
}

/** A height and a width of at least 1: of a grid in cells, of an image in pixels. */
export function checkGrid(value: unknown, what: string): Grid {
  const { height, width } = checkRecord(value, what);
  return {
    height: checkWhole(height, `${what}’s height`, 1),
    width: checkWhole(width, `${what}’s width`, 1),
  };
}

export function checkGeometry(value: unknown, what: string): ViewGeometry {
  const { box, flipped } = checkRecord(value, what);
  const { x0, y0, x1, y1 } = checkRecord(box, `${what}’s box`);
  if (![x0, y0, x1, y1].every(Number.isFinite) || typeof flipped !== 'boolean') {
    throw damaged(`${what} is no crop`);
  }
  return { box: { x0, y0, x1, y1 } as ViewGeometry['box'], flipped };
}
