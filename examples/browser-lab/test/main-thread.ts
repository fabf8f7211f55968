import type { Page } from 'playwright';

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds of the processor. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/**
 * Watches the tasks of the page's main thread until `stop`, which gives the milliseconds of processor time of each.
 * The clock would count how long other programs of this machine had the processor as well.
 */
export async function watchMainThread(page: Page): Promise<{ stop(): Promise<number[]> }> {
  const session = await page.context().newCDPSession(page);
  const events: TraceEvent[] = [];
  session.on('Tracing.dataCollected', ({ value }) => {
    events.push(...(value as unknown as TraceEvent[]));
  });
  await session.send('Tracing.start', {
    traceConfig: {
      includedCategories: ['toplevel', 'disabled-by-default-devtools.timeline', 'devtools.timeline'],
    },
    transferMode: 'ReportEvents',
  });
  return {
    async stop() {
      const complete = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve));
      await session.send('Tracing.end');
      await complete;
      const { pid, tid } = mainThread(events);
      return events
        .filter((event) => event.name.endsWith('RunTask') && event.pid === pid && event.tid === tid)
        .map(({ tdur = 0 }) => tdur / 1000);
    },
  };
}

/** Of the renderer that laid out the page. */
function mainThread(events: readonly TraceEvent[]): { readonly pid: number; readonly tid: number } {
  const mains = events.filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain');
  const busiest = mains
    .map(({ pid, tid }) => ({
      pid,
      tid,
      count: events.filter((event) => event.pid === pid && event.tid === tid).length,
    }))
    .sort((a, b) => b.count - a.count)[0];
  if (!busiest) throw new Error('the trace has no main thread');
  return busiest;
}
