import type { ProfileSummary } from './summary.ts';

/** A profile as text: its phases, then the operations that took the most time. */
export function profileTable(summary: ProfileSummary, operations = 25): string {
  const { seconds, steps } = summary;
  const share = (part: number) => `${((100 * part) / seconds).toFixed(1)}%`;
  const milliseconds = (value: number) => (1e3 * value).toFixed(1);
  const mebibytes = (value: number) => value.toFixed(1);
  const phases = summary.phases.map((phase) => [
    phase.name,
    milliseconds(phase.seconds),
    share(phase.seconds),
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
      mebibytes(total(({ readMiB }) => readMiB)),
      mebibytes(total(({ writtenMiB }) => writtenMiB)),
    ]);
  }
  return [
    `${milliseconds(seconds)} ms per step${steps > 1 ? `, mean of ${steps}` : ''}`,
    '',
    ...columns(['phase', 'ms', 'share', 'outside', 'MiB read', 'written', 'peak'], phases, 1),
    '',
    ...columns(['operation', 'phase', 'calls', 'ms', 'share', 'MiB read', 'written'], rows, 2),
  ].join('\n');
}

/** The first `left` columns flush left, the others flush right. */
function columns(head: readonly string[], rows: readonly (readonly string[])[], left: number): string[] {
  const widths = head.map((cell, i) => Math.max(cell.length, ...rows.map((row) => row[i]?.length ?? 0)));
  return [head, ...rows].map((row) =>
    row
      .map((cell, i) => (i < left ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number)))
      .join('  ')
      .trimEnd(),
  );
}
