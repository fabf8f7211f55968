import type { StartedBackend } from './start-backend.ts';

/**
 * One line for people: which backend runs, on what, and why not a faster one.
 *
 * @example
 * explainBackend(await startBackend('cpu')); // => 'Backend: cpu (JavaScript, 1 thread).'
 */
export function explainBackend(started: StartedBackend): string {
  const chosen = `Backend: ${started.name} (${started.description}).`;
  if (started.rejected.length === 0) return chosen;
  const reasons = started.rejected.map(({ name, reason }) => `${name}: ${reason}`);
  return `${chosen} Passed over: ${reasons.join('; ')}.`;
}
