import { PixconError } from '@pixcon/core';
import { watchInterrupts } from './interrupts.ts';
import type { Progress } from './progress.ts';

/**
 * Runs a command's work so that SIGINT and SIGTERM finish the step at hand, save, and give the signal's exit code.
 *
 * @returns what `work` returns, or 130 or 143
 */
export async function interruptible(
  progress: Progress,
  work: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const interrupts = watchInterrupts((name) =>
    progress.line(`${name}: finishing this step and saving (again to stop at once)`),
  );
  try {
    return await work(interrupts.signal);
  } catch (error) {
    progress.stop();
    const code = interrupts.exitCode();
    if (code === undefined || !PixconError.isInstance(error) || error.code !== 'interrupted') throw error;
    progress.line(error.message);
    return code;
  } finally {
    interrupts.stop();
  }
}
