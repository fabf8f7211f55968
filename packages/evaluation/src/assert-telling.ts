import { PixconError } from '@pixcon/core';

/** Which images a count is of. */
export type Side = 'learn from' | 'score';

/**
 * Refuses labels in which nothing can be told apart: any network, and none, would score the same.
 *
 * @param things what is counted, such as `labelled cells`
 * @param totals how many of each class
 * @throws PixconError `data` when fewer than two classes appear
 */
export function assertTelling(
  where: string,
  side: Side,
  things: string,
  totals: readonly number[],
  classNames: readonly string[],
): void {
  const shown = classNames.filter((_, label) => (totals[label] ?? 0) > 0);
  if (shown.length > 1) return;
  const masks = things.includes('images')
    ? ''
    : "; a mask value of 255 means void unless told otherwise (--void none, voidLabels: 'none')";
  throw new PixconError(
    'data',
    `${where}: expected at least two classes to tell apart among the ${things} of the images to ${side}, got ${shown.length === 0 ? 'none' : `${shown[0]} alone`}, of ${classNames.length === 1 ? 'one class' : `${classNames.length} classes`} in the data set; give other images (--limit, --split) or other labels${masks}`,
  );
}

/** How many of each class. */
export function classTotals(labels: ArrayLike<number>, classCount: number): number[] {
  const totals = new Array<number>(classCount).fill(0);
  for (let at = 0; at < labels.length; at++) {
    const label = labels[at] as number;
    totals[label] = (totals[label] ?? 0) + 1;
  }
  return totals;
}
