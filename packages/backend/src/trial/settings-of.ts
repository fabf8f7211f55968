/** The variables of the environment whose names match, after `changes`, as text. */
export function settingsOf(names: RegExp, changes: Readonly<Record<string, string>>): string {
  return Object.entries({ ...process.env, ...changes })
    .filter(([name, value]) => names.test(name) && value !== undefined)
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join('\n');
}
