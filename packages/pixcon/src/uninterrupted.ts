import { watchInterrupts } from './interrupts.ts';

/**
 * Work that writes files goes on to its end when SIGINT or SIGTERM comes, so that none is left half-written; then the
 * process ends with the signal's exit code. A second signal ends it at once.
 *
 * @param exit ends the process, for tests
 */
export async function uninterrupted<T>(
  work: () => Promise<T>,
  exit: (code: number) => void = process.exit,
): Promise<T> {
  const interrupts = watchInterrupts(() => undefined);
  try {
    return await work();
  } finally {
    interrupts.stop();
    const code = interrupts.exitCode();
    if (code !== undefined) exit(code);
  }
}
