import type { Score, TrainedRow } from './measure.ts';
import type { Row } from './rows.ts';
import type { Task } from './task.ts';

export interface Table {
  readonly task: Task;
  readonly budgetMinutes: number;
  /** `--rows`, where it was given. */
  readonly rowNames?: string | undefined;
  /** What was asked for. */
  readonly chosen: readonly Row[];
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

/** Of one measure: untrained first, then the methods, each with its seeds in order. */
export function tableLines({ chosen, rows }: Pick<Table, 'chosen' | 'rows'>, measure: number): Line[] {
  const scoreOf = (row: TrainedRow) => row.scores[measure] as Score;
  const bySeed = [...rows].sort((a, b) => a.seed - b.seed);
  // The untrained backbone of a seed is the same whatever method trains it.
  const first = bySeed.filter(({ method }) => method === bySeed[0]?.method);
  const untrained = {
    title: 'untrained',
    values: first.map((row) => scoreOf(row).untrained),
    steps: [0],
    minutes: [0],
  };
  const trained = chosen.flatMap(({ title, name }) => {
    const own = bySeed.filter((row) => row.method === name);
    if (own.length === 0) return [];
    return [
      {
        title,
        values: own.map((row) => scoreOf(row).trained),
        steps: own.map(({ steps }) => steps),
        minutes: own.map(({ minutes }) => minutes),
      },
    ];
  });
  return [untrained, ...trained];
}

/** The tables of all measures with their circumstances. */
export function tableMarkdown(table: Table, picture: string): string {
  const { task, budgetMinutes, rowNames, rows } = table;
  const chosen = rowNames === undefined ? '' : ` --rows ${rowNames}`;
  const sections = task.measures.map(
    ({ title, evaluate }, place) => `## ${title}

${measureTable(table, place)}

\`npx pixcon evaluate RUN ${evaluate.join(' ')}\``,
  );
  return `# ${task.name}

Frozen features, ${budgetMinutes} ${budgetMinutes === 1 ? 'minute' : 'minutes'} of training per run, seeds ${seeds(rows)}; made by
\`npm run table -- ${task.name}${chosen} --budget-minutes ${budgetMinutes}\`. Spread is the largest less the smallest value over the
seeds; gain is above the untrained network that the run began with: the mean, and that of each seed.

![${task.measures[0]?.title ?? ''}](${picture})

${sections.join('\n\n')}

## Setting

${task.choice}

Each row is \`npx pixcon pretrain ${task.photos} --config settings.json\` with

\`\`\`json
${JSON.stringify(task.settings, null, 2)}
\`\`\`

and the row's method, seed, epochs and options${optionsOf(table.chosen)}. Every method gets the epochs that fit its minutes, by the seconds that an epoch of
each took when the table began.
`;
}

function optionsOf(chosen: readonly Row[]): string {
  const given = chosen.filter(({ settings }) => settings.options !== undefined);
  if (given.length === 0) return '';
  return ` (${given.map(({ title, settings }) => `${title} \`${JSON.stringify(settings.options)}\``).join(', ')})`;
}

function measureTable(table: Table, measure: number): string {
  const lines = tableLines(table, measure);
  const untrained = lines[0] as Line;
  const score = table.rows[0]?.scores[measure];
  const body = lines.map(({ title, values, steps, minutes }) => {
    const gains = values.map((value, i) => 100 * (value - (untrained.values[i] ?? Number.NaN)));
    const gain = title === 'untrained' ? '' : `${signed(mean(gains))} (${gains.map(signed).join(', ')})`;
    const each = values.map(percent).join(', ');
    const took = title === 'untrained' ? '' : range(minutes.map((value) => Number(value.toFixed(1))));
    return `| ${[title, range(steps), took, percent(mean(values)), each, percent(spread(values)), gain].join(' | ')} |`;
  });
  return `${score?.metric ?? ''}, percent; chance ${percent(score?.chance ?? Number.NaN)}.

| | steps | minutes | mean | seeds | spread | gain |
|---|---|---|---|---|---|---|
${body.join('\n')}`;
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
