import { PickleTuple } from '../pickle/values.ts';

const maximumRank = 16;

/** A tuple of sizes or strides; undefined for anything else. */
export function wholeNumbers(value: unknown): readonly number[] | undefined {
  if (!(value instanceof PickleTuple) || value.items.length > maximumRank) return undefined;
  return value.items.every(isWhole) ? (value.items as readonly number[]) : undefined;
}

/** Whether a value is a whole number from 0 on that a number holds exactly. */
export function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
