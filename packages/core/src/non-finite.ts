/**
 * What of `values` is not a finite number, in words; undefined where all are.
 *
 * @example
 * describeNonFinite([1, NaN, 3]); // => '1 NaN of 3 values (the first at 1)'
 * describeNonFinite([1, 2]); // => undefined
 */
export function describeNonFinite(values: ArrayLike<number>): string | undefined {
  let missing = 0;
  let infinite = 0;
  let first = -1;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    // Of finite numbers alone the difference is 0.
    if (value - value === 0) continue;
    if (first < 0) first = i;
    if (Number.isNaN(value)) missing += 1;
    else infinite += 1;
  }
  if (first < 0) return undefined;
  const kinds = [
    ...(missing > 0 ? [`${missing} NaN`] : []),
    ...(infinite > 0 ? [`${infinite} infinite`] : []),
  ];
  return `${kinds.join(' and ')} of ${values.length} values (the first at ${first})`;
}
