import type { DispatchSummary } from './dispatch-summary.ts';
import type { OperationRecord, Recorder } from './recorder.ts';

const mebibyte = 2 ** 20;

/** Time and bytes of a phase, per step. */
export interface PhaseSummary {
  readonly name: string;
  readonly seconds: number;
  /** Of all threads. */
  readonly processorSeconds: number;
  /** Inside operations; the rest is JavaScript between them. */
  readonly operationSeconds: number;
  readonly readMiB: number;
  readonly writtenMiB: number;
  /** Most that all tensors together held. */
  readonly peakTensorMiB: number;
}

/** All runs of an operation in a phase, per step. */
export interface OperationSummary {
  readonly name: string;
  readonly phase: string;
  readonly calls: number;
  /** Without what ran inside it. */
  readonly seconds: number;
  /** Of all threads. */
  readonly processorSeconds: number;
  readonly readMiB: number;
  readonly writtenMiB: number;
}

export interface ProfileSummary {
  readonly seconds: number;
  readonly steps: number;
  readonly phases: readonly PhaseSummary[];
  /** By time, longest first. */
  readonly operations: readonly OperationSummary[];
  /** On WebGPU, where the times above are of queueing alone. */
  readonly dispatches?: DispatchSummary;
}

/** Adds a recording of `steps` steps up; phases in the order in which they first came. */
export function summarize(recorder: Recorder, steps: number): ProfileSummary {
  const names = [...new Set(recorder.phases.map(({ name }) => name))];
  const phases = names.map((name) => {
    const parts = recorder.phases.filter((part) => part.name === name);
    const operations = recorder.operations.filter(({ phase }) => phase === name);
    return {
      name,
      seconds: sum(parts, ({ duration }) => duration) / steps,
      processorSeconds: sum(parts, ({ processor }) => processor) / steps,
      operationSeconds: sum(operations, ({ self }) => self) / steps,
      readMiB: sum(operations, ({ bytesRead }) => bytesRead) / mebibyte / steps,
      writtenMiB: sum(operations.filter(isKernel), ({ bytesWritten }) => bytesWritten) / mebibyte / steps,
      peakTensorMiB: Math.max(...parts.map(({ peakTensorBytes }) => peakTensorBytes)) / mebibyte,
    };
  });
  const groups = new Map<string, OperationRecord[]>();
  for (const record of recorder.operations) {
    const key = `${record.phase}\n${record.name}`;
    const group = groups.get(key);
    if (group) group.push(record);
    else groups.set(key, [record]);
  }
  const operations = [...groups.values()].map((group): OperationSummary => {
    const { name, phase } = group[0] as OperationRecord;
    return {
      name,
      phase,
      calls: group.length / steps,
      seconds: sum(group, ({ self }) => self) / steps,
      processorSeconds: sum(group, ({ processor }) => processor) / steps,
      readMiB: sum(group, ({ bytesRead }) => bytesRead) / mebibyte / steps,
      writtenMiB: sum(group.filter(isKernel), ({ bytesWritten }) => bytesWritten) / mebibyte / steps,
    };
  });
  return {
    seconds: sum(phases, ({ seconds }) => seconds),
    steps,
    phases,
    operations: operations.sort((a, b) => b.seconds - a.seconds),
  };
}

/** What an operation around kernels returns, its kernels have written and are counted with. */
function isKernel({ kernel }: OperationRecord): boolean {
  return kernel;
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0);
}
