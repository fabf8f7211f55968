import type { DispatchRecord } from './count-dispatches.ts';

/** All dispatches of a kernel, per step. */
export interface KernelSummary {
  readonly name: string;
  readonly dispatches: number;
  readonly gigaflops: number;
  readonly necessaryGigaflops: number;
  readonly mebibytes: number;
  readonly necessaryMebibytes: number;
  /** On the device. Absent where it was not measured. */
  readonly seconds?: number;
}

/** What a step queues on WebGPU. */
export interface DispatchSummary {
  /** Whether the shaders ran; else they were only counted. */
  readonly ran: boolean;
  readonly adapter: string;
  /** Of the kernels, the slowest first, or else the one that moves the most bytes. */
  readonly kernels: readonly KernelSummary[];
  readonly phases: readonly { readonly name: string; readonly dispatches: number }[];
  /** In all buffers that the backend made. */
  readonly allocatedMebibytes: number;
  /** What queueing a step takes the host, by the median, when nothing is computed. */
  readonly hostSeconds: number;
}

/** Adds the dispatches of `steps` steps up. */
export function summarizeDispatches(
  records: readonly DispatchRecord[],
  steps: number,
): Pick<DispatchSummary, 'kernels' | 'phases'> {
  const kernels = [...groups(records, ({ name }) => name)].map(([name, group]): KernelSummary => {
    const total = (of: (record: DispatchRecord) => number) =>
      group.reduce((sum, record) => sum + of(record), 0) / steps;
    return {
      name,
      dispatches: group.length / steps,
      gigaflops: total(({ flops }) => flops) / 1e9,
      necessaryGigaflops: total(({ necessaryFlops }) => necessaryFlops) / 1e9,
      mebibytes: total(({ bytes }) => bytes) / 2 ** 20,
      necessaryMebibytes: total(({ necessaryBytes }) => necessaryBytes) / 2 ** 20,
      ...(group[0]?.seconds === undefined ? {} : { seconds: total(({ seconds = 0 }) => seconds) }),
    };
  });
  kernels.sort((a, b) => (b.seconds ?? 0) - (a.seconds ?? 0) || b.mebibytes - a.mebibytes);
  const phases = [...groups(records, ({ phase }) => phase)].map(([name, group]) => ({
    name,
    dispatches: group.length / steps,
  }));
  return { kernels, phases };
}

function groups(
  records: readonly DispatchRecord[],
  key: (record: DispatchRecord) => string,
): Map<string, DispatchRecord[]> {
  const found = new Map<string, DispatchRecord[]>();
  for (const record of records) {
    const group = found.get(key(record));
    if (group) group.push(record);
    else found.set(key(record), [record]);
  }
  return found;
}
