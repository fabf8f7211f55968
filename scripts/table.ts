/**
 * Trains and scores methods at equal compute, beside the untrained network, and writes a Markdown table with a
 * picture: MoCo-v2+ and the three PixCon methods, or those of `--rows`. Stopped and started again, it goes on where it
 * was.
 *
 * Usage: npm run table -- camvid|coco-panoptic [--rows all|NAMES] [--budget-minutes N] [--seeds 0,1] [--out DIR]
 *        npm run table -- NAME --data DIR --masks DIR [--void LABELS] …
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeFileAtomic } from '@pixcon/checkpoints/node';
import { drawComparison, fixTheme, toPng } from '@pixcon/visualize';
import { tableLines, tableMarkdown } from './table/markdown.ts';
import { measure, secondsPerEpoch, type TrainedRow } from './table/measure.ts';
import { findRows, type Row } from './table/rows.ts';
import type { Task } from './table/task.ts';
import { findTask } from './table/tasks.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'budget-minutes': { type: 'string' },
    rows: { type: 'string' },
    seeds: { type: 'string', default: '0,1' },
    data: { type: 'string' },
    masks: { type: 'string' },
    void: { type: 'string' },
    out: { type: 'string' },
  },
});

try {
  const [name] = positionals;
  if (name === undefined || positionals.length > 1) {
    throw new Error(
      'expected one table: camvid, coco-panoptic, or a name of your own with --data and --masks',
    );
  }
  const task = findTask(name, values);
  const budgetMinutes = Number(values['budget-minutes'] ?? task.budgetMinutes);
  if (!(budgetMinutes > 0)) throw new Error('--budget-minutes: expected a number above 0');
  const seeds = values.seeds.split(',').map(Number);
  if (!seeds.every(Number.isSafeInteger)) throw new Error('--seeds: expected whole numbers with commas');
  const kept = values.out ?? join('runs', values.rows === undefined ? `table-${name}` : `table-${name}-rows`);
  await makeTable(task, values.rows, budgetMinutes, seeds, kept);
} catch (error) {
  process.stderr.write(`table: ${(error as Error).message}\n`);
  process.exitCode = 1;
}

async function makeTable(
  task: Task,
  rowNames: string | undefined,
  budgetMinutes: number,
  seeds: readonly number[],
  out: string,
): Promise<void> {
  const chosen = findRows(rowNames);
  if (!existsSync(task.photos)) throw new Error(`${task.photos} is missing; name another folder with --data`);
  await mkdir(out, { recursive: true });
  const epochs = await equalEpochs(task, chosen, budgetMinutes, out);
  const rows: TrainedRow[] = [];
  for (const seed of seeds) {
    for (const row of chosen) {
      rows.push(await measure(task, out, { row, seed, epochs: epochs[row.name] as number }));
      await write({ task, budgetMinutes, rowNames, chosen, rows }, out);
    }
  }
}

/** Epochs that each method gets for the same time; kept, so that all seeds and a continued table agree. */
async function equalEpochs(
  task: Task,
  chosen: readonly Row[],
  budgetMinutes: number,
  out: string,
): Promise<Record<string, number>> {
  const file = join(out, 'epochs.json');
  if (existsSync(file)) {
    const kept = JSON.parse(await readFile(file, 'utf8')) as {
      budgetMinutes: number;
      epochs: Record<string, number>;
    };
    const complete = chosen.every(({ name }) => kept.epochs[name] !== undefined);
    if (kept.budgetMinutes === budgetMinutes && complete) return kept.epochs;
    const held = complete ? `a table of ${kept.budgetMinutes} minutes` : 'a table of other rows';
    throw new Error(`${out} holds ${held}; choose another folder with --out`);
  }
  const seconds = await secondsPerEpoch(task, out, chosen);
  const epochs = Object.fromEntries(
    chosen.map(({ name }) => [
      name,
      Math.max(2, Math.floor((60 * budgetMinutes) / (seconds.get(name) as number))),
    ]),
  );
  await writeText(file, `${JSON.stringify({ budgetMinutes, epochs })}\n`);
  return epochs;
}

async function write(table: Parameters<typeof tableMarkdown>[0], out: string): Promise<void> {
  const rows = tableLines(table, 0).map(({ title, values: scores }) => ({ name: title, values: scores }));
  const metric = table.rows[0]?.scores[0]?.metric ?? '';
  const svg = drawComparison({ title: table.task.measures[0]?.title ?? '', metric, rows });
  // With a ground of its own, because a page that shows the file may be dark.
  const file = fixTheme(svg, 'light').replace('<svg ', '<svg style="background:#ffffff" ');
  await writeText(join(out, 'table.svg'), file);
  await writeFileAtomic(join(out, 'table.png'), await toPng(svg, { scale: 2, background: '#ffffff' }));
  await writeText(join(out, 'table.json'), `${JSON.stringify(table, null, 2)}\n`);
  await writeText(join(out, 'table.md'), tableMarkdown(table, 'table.svg'));
  process.stderr.write(`${join(out, 'table.md')}: ${table.rows.length} runs\n`);
}

/** Whole or not at all: a table that a full disk cut short would be gone on with. */
async function writeText(path: string, text: string): Promise<void> {
  await writeFileAtomic(path, new TextEncoder().encode(text));
}
