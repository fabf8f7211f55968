/** What to exit with after a signal that was answered by saving: 128 + its number. */
const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

export interface Interrupts {
  readonly signal: AbortSignal;
  /** The exit code of the signal that came, or `undefined`. */
  exitCode(): number | undefined;
  /** Gives the signals back to Node. */
  stop(): void;
}

/**
 * Turns SIGINT and SIGTERM into an abort, so that the step at hand is finished and saved. A second signal ends
 * the process at once: the last checkpoint stays whole.
 */
export function watchInterrupts(onFirst: (name: string) => void): Interrupts {
  const controller = new AbortController();
  let code: number | undefined;
  const handle = (name: keyof typeof exitCodes) => () => {
    if (code !== undefined) process.exit(code);
    code = exitCodes[name];
    onFirst(name);
    controller.abort();
  };
  const handlers = { SIGINT: handle('SIGINT'), SIGTERM: handle('SIGTERM') };
  process.on('SIGINT', handlers.SIGINT);
  process.on('SIGTERM', handlers.SIGTERM);
  return {
    signal: controller.signal,
    exitCode: () => code,
    stop() {
      process.off('SIGINT', handlers.SIGINT);
      process.off('SIGTERM', handlers.SIGTERM);
    },
  };
}
