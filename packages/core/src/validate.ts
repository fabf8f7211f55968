import type { Tensor } from '@tensorflow/tfjs-core';
import { PixconError } from './errors.ts';

/**
 * Throws unless `tensor` has the rank and sizes of `expected`; `null` in `expected` takes any size.
 *
 * @param where the public function that was called, for the message
 * @param argument the name of its argument
 * @throws PixconError `invalid-shape`
 */
export function assertShape(
  where: string,
  argument: string,
  tensor: Pick<Tensor, 'shape'>,
  expected: readonly (number | null)[],
): void {
  const { shape } = tensor;
  const fits =
    shape.length === expected.length && expected.every((size, axis) => size === null || size === shape[axis]);
  if (fits) return;
  const wanted = expected.map((size) => size ?? 'any').join(', ');
  throw new PixconError(
    'invalid-shape',
    `${where}: ${argument} must have shape [${wanted}], got [${shape.join(', ')}]`,
  );
}

export interface NumberRange {
  readonly minimum?: number;
  readonly maximum?: number;
  /** The minimum itself is refused. */
  readonly exclusiveMinimum?: boolean;
  readonly integer?: boolean;
}

/**
 * Throws unless `value` is a finite number inside `range`.
 *
 * @throws PixconError `invalid-argument`
 */
export function assertNumber(where: string, argument: string, value: number, range: NumberRange = {}): void {
  const { minimum = -Infinity, maximum = Infinity, exclusiveMinimum = false, integer = false } = range;
  const low = exclusiveMinimum ? value > minimum : value >= minimum;
  if (Number.isFinite(value) && low && value <= maximum && (!integer || Number.isInteger(value))) return;
  const bounds: string[] = [];
  if (minimum > -Infinity) bounds.push(exclusiveMinimum ? `above ${minimum}` : `of at least ${minimum}`);
  if (maximum < Infinity) bounds.push(bounds.length > 0 ? `at most ${maximum}` : `of at most ${maximum}`);
  const wanted = [integer ? 'a whole number' : 'a number', bounds.join(' and ')].filter(Boolean).join(' ');
  throw new PixconError('invalid-argument', `${where}: ${argument} must be ${wanted}, got ${value}`);
}

/**
 * Throws unless `value` is one of `choices`.
 *
 * @throws PixconError `invalid-argument`
 */
export function assertOneOf<T extends string | number>(
  where: string,
  argument: string,
  value: unknown,
  choices: readonly T[],
): asserts value is T {
  if (choices.includes(value as T)) return;
  throw new PixconError(
    'invalid-argument',
    `${where}: ${argument} must be one of ${choices.join(', ')}, got ${String(value)}`,
  );
}
