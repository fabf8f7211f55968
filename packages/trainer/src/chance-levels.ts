import { type Method, type MethodState, PixconError } from '@pixcon/core';

/** What features that tell nothing reach, as far as a method says. */
export interface ChanceLevels {
  readonly total: number | undefined;
  /** By the term's name. */
  readonly terms: Readonly<Record<string, number>>;
}

/** @throws PixconError `invalid-argument` when a method gives no number for one */
export function chanceLevels(method: Method, state: MethodState): ChanceLevels {
  const total = method.chanceLoss?.(state);
  const terms = method.chanceTerms?.(state) ?? {};
  if (total !== undefined) assertLevel(method, 'chanceLoss', total);
  for (const [name, level] of Object.entries(terms)) assertLevel(method, `chanceTerms: ${name}`, level);
  return { total, terms };
}

/** As a record of metrics has them: `chance`, and `imageChance` of a term `image`. */
export function chanceRecord({ total, terms }: ChanceLevels): Record<string, number> {
  const named = Object.entries(terms).map(([name, level]) => [`${name}Chance`, level] as const);
  return { ...(total === undefined ? {} : { chance: total }), ...Object.fromEntries(named) };
}

function assertLevel(method: Method, what: string, level: unknown): void {
  if (typeof level === 'number' && Number.isFinite(level)) return;
  throw new PixconError('invalid-argument', `${method.name}: ${what} must be a number, got ${level}`);
}
