import { readReportData } from '@pixcon/trainer';
import { renderReport } from '@pixcon/visualize';
import { watchInterrupts } from '../interrupts.ts';
import { CachedReport } from '../watch/cached-report.ts';
import { serveReport } from '../watch/report-server.ts';
import { watchRun } from '../watch/run-changes.ts';

export interface WatchCommandOptions {
  /** Default: any that is free. */
  readonly port?: number;
}

/** `pixcon watch RUN`: serves the run's report, live, until Ctrl-C. Returns the exit code. */
export async function watchCommand(folder: string, { port = 0 }: WatchCommandOptions): Promise<number> {
  // A folder that is no run is refused before anything is served.
  await readReportData(folder);
  const report = new CachedReport(async () => renderReport(await readReportData(folder)));
  const server = await serveReport({ port, report: () => report.get() });
  const interrupts = watchInterrupts(() => undefined);
  let announcement: NodeJS.Timeout | undefined;
  const stopWatching = watchRun(folder, () => {
    report.markStale();
    // One announcement for all that changes until the report may be drawn again.
    announcement ??= setTimeout(announce, nextLook());
  });
  function nextLook(): number {
    return Number.isFinite(report.pause) ? report.pause : 1000;
  }
  function announce(): void {
    const wait = nextLook();
    announcement = wait > 0 ? setTimeout(announce, wait) : undefined;
    if (wait === 0) server.announce();
  }
  process.stdout.write(`${server.url}\n`);
  process.stderr.write(`${folder} is live at this address, on this machine only; Ctrl-C ends it\n`);
  await new Promise<void>((resolve) => interrupts.signal.addEventListener('abort', () => resolve()));
  clearTimeout(announcement);
  stopWatching();
  await server.close();
  interrupts.stop();
  return 0;
}
