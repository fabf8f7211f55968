import type { Match } from '@pixcon/core';
import { families } from './families/families.ts';
import type { GoldenMethod } from './families/golden-method.ts';
import type { GoldenFile } from './golden-file.ts';

/**
 * The method that a golden file records, with the authors' settings, or `undefined` when it is not covered.
 * `onMatch` can ask for the match that the file records, once for each direction.
 */
export function goldenMethod(
  file: GoldenFile,
  onMatch: (recorded: () => Match) => void,
): GoldenMethod | undefined {
  for (const family of families) {
    const method = family(file, onMatch);
    if (method) return method;
  }
  return undefined;
}
