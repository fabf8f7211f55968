/** Vitest loads its configuration many times, each time as a new module. */
export function warnOnce(message: string): void {
  const said = globalThis as { [key: symbol]: Set<string> | undefined };
  const key = Symbol.for('pixcon warnings');
  said[key] ??= new Set();
  if (said[key].has(message)) return;
  said[key].add(message);
  console.warn(message);
}
