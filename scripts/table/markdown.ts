import type { TrainedRow } from './measure.ts';
import { methods, type Task } from './task.ts';

export interface Table {
  readonly task: Task;
  readonly budgetMinutes: number;
  /** In the order that they were made. */
  readonly rows: readonly TrainedRow[];
}

/** One line of the table: the values of every seed. */
export interface Line {
  readonly title: string;
  readonly values: readonly number[];
  readonly steps: readonly number[];
  readonly minutes: readonly number[];
}

/** Untrained first, then the methods, each with its seeds in order. */
export function tableLines({ rows }: Pick<Table, 'rows'>): Line[] {
  const bySeed = [...rows].sort((a, b) => a.seed - b.seed);
  // The untrained backbone of a seed is the same whatever method trains it.
  const first = bySeed.filter(({ method }) => method === bySeed[0]?.method);
  const untrained = {
    title: 'untrained',
    values: first.map(({ score }) => score.untrained),
    steps: [0],
    minutes: [0],
  };
  const trained = methods.flatMap(({ title, method }) => {
    const own = bySeed.filter((row) => row.method === method);
    if (own.length === 0) return [];
    return [
      {
        title,
        values: own.map(({ score }) => score.trained),
        steps: own.map(({ steps }) => steps),
        minutes: own.map(({ minutes }) => minutes),
      },
    ];
  });
  return [untrained, ...trained];
}

/** The table with its circumstances. */
export function tableMarkdown(table: Table, picture: string): string {
  const { task, budgetMinutes, rows } = table;
  const lines = tableLines(table);
  const untrained = lines[0] as Line;
  const score = rows[0]?.score;
  const body = lines.map(({ title, values, steps, minutes }) => {
    const gain = title === 'untrained' ? '' : signed(100 * (mean(values) - mean(untrained.values)));
    const each = values.map(percent).join(', ');
    const cells = [title, range(steps), range(minutes.map(Math.round)), percent(mean(values)), each];
    return `| ${[...cells, percent(spread(values)), gain].join(' | ')} |`;
  });
  return `# ${task.name}

${score?.metric ?? ''} in percent, frozen features, ${budgetMinutes} minutes of training per run, seeds ${seeds(rows)}.
Chance: ${percent(score?.chance ?? Number.NaN)}.

| | steps | minutes | mean | seeds | spread | gain |
|---|---|---|---|---|---|---|
${body.join('\n')}

Spread is the largest less the smallest value over the seeds; gain is the mean less the untrained mean.

![${task.name}](${picture})

${task.choice}

Each row is \`npx pixcon pretrain ${task.photos} --config settings.json\` with

\`\`\`json
${JSON.stringify(task.settings, null, 2)}
\`\`\`

and the row's method, seed and epochs, then \`npx pixcon evaluate RUN ${task.evaluate.join(' ')}\`.
`;
}

function seeds(rows: readonly TrainedRow[]): string {
  return [...new Set(rows.map(({ seed }) => seed))].sort((a, b) => a - b).join(' and ');
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function spread(values: readonly number[]): number {
  return Math.max(...values) - Math.min(...values);
}

function percent(share: number): string {
  return (100 * share).toFixed(1);
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)}`;
}

function range(values: readonly number[]): string {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return least === most ? `${least}` : `${least}–${most}`;
}
