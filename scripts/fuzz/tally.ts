import { type Outcome, outcomes } from './outcome.ts';
import type { FuzzResult } from './run-fuzz.ts';

export const isGood = ({ outcome }: Pick<FuzzResult, 'outcome'>) =>
  outcome === 'read' || outcome === 'refused';

/** A row for each reader: what became of its cases, and the slowest. */
export function tallyTable(results: readonly FuzzResult[]): string {
  const names = [...new Set(results.map(({ reader }) => reader))];
  const row = (name: string, own: readonly FuzzResult[]) => {
    const slowest = own.reduce((slow, one) => (one.milliseconds > slow.milliseconds ? one : slow));
    const count = (outcome: Outcome) => own.filter((one) => one.outcome === outcome).length;
    return [
      name,
      own.length,
      ...outcomes.map(count),
      `${slowest.milliseconds.toFixed(0)} ms (${slowest.reader}:${slowest.index})`,
    ].map(String);
  };
  const header = ['reader', 'cases', ...outcomes, 'slowest'];
  const rows = names.map((name) =>
    row(
      name,
      results.filter(({ reader }) => reader === name),
    ),
  );
  const lines = [header, ...rows, row('all', results)];
  const widths = header.map((_, column) =>
    Math.max(...lines.map((cells) => (cells[column] as string).length)),
  );
  return lines
    .map((cells) =>
      cells
        .map((cell, column) => cell[column === 0 ? 'padEnd' : 'padStart'](widths[column] as number))
        .join('  '),
    )
    .join('\n');
}
