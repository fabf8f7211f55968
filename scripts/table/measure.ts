import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pixcon } from './command.ts';
import type { Row } from './rows.ts';
import type { Task } from './task.ts';

export interface Score {
  readonly metric: string;
  readonly untrained: number;
  readonly trained: number;
  /** What a network that knows nothing scores. */
  readonly chance: number;
}

export interface TrainedRow {
  /** The name of its row. */
  readonly method: string;
  readonly seed: number;
  readonly epochs: number;
  readonly steps: number;
  /** Of training, without start and scoring. */
  readonly minutes: number;
  /** One for each measure of the task. */
  readonly scores: readonly Score[];
}

interface Record {
  readonly step: number;
  readonly imagesPerSecond: number;
}

/** Trains one row and scores it; a run that was finished before is only scored. */
export async function measure(
  task: Task,
  out: string,
  { row, seed, epochs }: { readonly row: Row; readonly seed: number; readonly epochs: number },
): Promise<TrainedRow> {
  const run = join(out, `${row.name}-seed${seed}`);
  await train(task, run, { ...task.settings, ...row.settings, seed, epochs });
  const scores: Score[] = [];
  for (const [place, { evaluate }] of task.measures.entries()) {
    const json = `${run}-score${place + 1}.json`;
    await pixcon(['evaluate', run, ...evaluate, '--json', json]);
    scores.push(await readScore(json));
  }
  const records = await readRecords(run);
  const seconds = records.reduce((sum, { imagesPerSecond }) => sum + batchSize(task) / imagesPerSecond, 0);
  return {
    method: row.name,
    seed,
    epochs,
    steps: (records.at(-1)?.step ?? -1) + 1,
    minutes: seconds / 60,
    scores,
  };
}

/**
 * Seconds that an epoch of each method takes. In rounds, and the least of each, so that whatever else the machine is
 * doing weighs on all alike.
 */
export async function secondsPerEpoch(
  task: Task,
  out: string,
  rows: readonly Row[],
): Promise<ReadonlyMap<string, number>> {
  const seconds = new Map<string, number>();
  for (let round = 0; round < 2; round++) {
    for (const { name, settings } of rows) {
      const run = join(out, `calibrate-${name}`);
      await rm(run, { recursive: true, force: true });
      await train(task, run, { ...task.settings, ...settings, epochs: 2, seed: 0 });
      const records = await readRecords(run);
      const fastest = Math.max(
        ...records.slice(records.length / 2).map(({ imagesPerSecond }) => imagesPerSecond),
      );
      const epoch = ((records.length / 2) * batchSize(task)) / fastest;
      seconds.set(name, Math.min(epoch, seconds.get(name) ?? epoch));
      await rm(run, { recursive: true, force: true });
    }
  }
  return seconds;
}

async function train(task: Task, run: string, config: object): Promise<void> {
  const file = `${run}.config.json`;
  await mkdir(join(run, '..'), { recursive: true });
  await writeFile(file, JSON.stringify(config));
  const resume = existsSync(join(run, 'config.json')) ? ['--resume'] : [];
  await pixcon(['pretrain', task.photos, '--config', file, '--out', run, ...resume]);
  await rm(file);
}

async function readRecords(run: string): Promise<Record[]> {
  const lines = (await readFile(join(run, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Record);
}

function batchSize(task: Task): number {
  return task.settings.batchSize as number;
}

interface EvaluationFile {
  readonly untrained: { readonly value: number };
  readonly trained: { readonly value: number; readonly metric: string; readonly chance: number };
}

async function readScore(json: string): Promise<Score> {
  const { untrained, trained } = JSON.parse(await readFile(json, 'utf8')) as EvaluationFile;
  const { metric, value, chance } = trained;
  return { metric, chance, untrained: untrained.value, trained: value };
}
