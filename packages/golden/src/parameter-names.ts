/** The reference implementation's prefixes of parameter names, and ours. */
export type NamePrefixes = readonly (readonly [theirs: string, ours: string])[];

/** Our name of a reference parameter, or `undefined` for something else. */
export function ourName(theirs: string, prefixes: NamePrefixes): string | undefined {
  for (const [prefix, ours] of prefixes) {
    if (theirs.startsWith(prefix)) return ours + theirs.slice(prefix.length);
  }
  return undefined;
}
