import { columns } from './columns.ts';
import { dispatchTable } from './dispatch-table.ts';
import type { ProfileSummary } from './summary.ts';

/**
 * A profile as text: its phases, then the operations that took the most time. `cores` is how many processors they kept
 * busy. On WebGPU, where a call only queues its kernel, the kernels instead.
 */
export function profileTable(summary: ProfileSummary, operations = 25): string {
  const { seconds, steps, dispatches } = summary;
  if (dispatches) return dispatchTable(dispatches);
  const share = (part: number) => `${((100 * part) / seconds).toFixed(1)}%`;
  const milliseconds = (value: number) => (1e3 * value).toFixed(1);
  const cores = (processor: number, wall: number) => (wall > 0 ? (processor / wall).toFixed(1) : '');
  const mebibytes = (value: number) => value.toFixed(1);
  const phases = summary.phases.map((phase) => [
    phase.name,
    milliseconds(phase.seconds),
    share(phase.seconds),
    cores(phase.processorSeconds, phase.seconds),
    milliseconds(phase.seconds - phase.operationSeconds),
    mebibytes(phase.readMiB),
    mebibytes(phase.writtenMiB),
    mebibytes(phase.peakTensorMiB),
  ]);
  const shown = summary.operations.slice(0, operations);
  const rest = summary.operations.slice(operations);
  const rows = shown.map((operation) => [
    operation.name,
    operation.phase,
    String(Math.round(operation.calls)),
    milliseconds(operation.seconds),
    share(operation.seconds),
    cores(operation.processorSeconds, operation.seconds),
    mebibytes(operation.readMiB),
    mebibytes(operation.writtenMiB),
  ]);
  if (rest.length > 0) {
    const total = (of: (operation: (typeof rest)[number]) => number) =>
      rest.reduce((sum, operation) => sum + of(operation), 0);
    rows.push([
      `${rest.length} more`,
      '',
      String(Math.round(total(({ calls }) => calls))),
      milliseconds(total((operation) => operation.seconds)),
      share(total((operation) => operation.seconds)),
      cores(
        total((operation) => operation.processorSeconds),
        total((operation) => operation.seconds),
      ),
      mebibytes(total(({ readMiB }) => readMiB)),
      mebibytes(total(({ writtenMiB }) => writtenMiB)),
    ]);
  }
  return [
    `${milliseconds(seconds)} ms per step${steps > 1 ? `, mean of ${steps}` : ''}`,
    '',
    ...columns(['phase', 'ms', 'share', 'cores', 'outside', 'MiB read', 'written', 'peak'], phases, 1),
    '',
    ...columns(['operation', 'phase', 'calls', 'ms', 'share', 'cores', 'MiB read', 'written'], rows, 2),
  ].join('\n');
}
