import type { Recorder } from './recorder.ts';

/** An event of the Trace Event Format; times in microseconds. */
export interface TraceEvent {
  readonly ph: 'X' | 'M' | 'C';
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly cat?: string;
  readonly args?: Readonly<Record<string, unknown>>;
}

export interface ChromeTrace {
  readonly traceEvents: readonly TraceEvent[];
  readonly displayTimeUnit: 'ms';
  readonly otherData: Readonly<Record<string, string>>;
}

const phaseTrack = 1;
const operationTrack = 2;

/**
 * A recording for Perfetto (ui.perfetto.dev) or chrome://tracing: a track of phases, below it a track of operations
 * with their shapes and bytes, and a counter of the memory that tensors hold.
 */
export function chromeTrace(recorder: Recorder, otherData: Readonly<Record<string, string>>): ChromeTrace {
  const place = (tid: number) => ({ pid: 1, tid });
  const named = (name: string, tid: number, args: Record<string, unknown>): TraceEvent => ({
    ph: 'M',
    name,
    ...place(tid),
    args,
  });
  const span = (tid: number, start: number, duration: number) => ({
    ...place(tid),
    ts: start * 1e6,
    dur: duration * 1e6,
  });
  return {
    traceEvents: [
      named('process_name', 0, { name: otherData.workload ?? 'bench' }),
      named('thread_name', phaseTrack, { name: 'phases' }),
      named('thread_sort_index', phaseTrack, { sort_index: phaseTrack }),
      named('thread_name', operationTrack, { name: 'operations' }),
      named('thread_sort_index', operationTrack, { sort_index: operationTrack }),
      ...recorder.phases.map(
        ({ name, start, duration, peakTensorBytes }): TraceEvent => ({
          ph: 'X',
          name,
          cat: 'phase',
          ...span(phaseTrack, start, duration),
          args: { peakTensorBytes },
        }),
      ),
      ...recorder.operations.map(
        ({ name, phase, shapes, start, duration, self, bytesRead, bytesWritten }): TraceEvent => ({
          ph: 'X',
          name,
          cat: 'operation',
          ...span(operationTrack, start, duration),
          args: { phase, shapes, selfMs: self * 1e3, bytesRead, bytesWritten },
        }),
      ),
      ...recorder.memory.map(
        ({ time, tensorBytes }): TraceEvent => ({
          ph: 'C',
          name: 'tensors',
          ...place(0),
          ts: time * 1e6,
          args: { MiB: tensorBytes / 2 ** 20 },
        }),
      ),
    ],
    displayTimeUnit: 'ms',
    otherData,
  };
}
