import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { PixconError } from '@pixcon/core';
import type { ReportData, ReportMetrics, ReportScore } from '@pixcon/visualize';
import { readMetricsLines } from '../metrics-lines.ts';
import { runFiles } from '../run-folder.ts';
import { isRunning } from '../run-lock.ts';
import { PictureFolder } from './picture-folder.ts';

/**
 * Everything that a report shows of a run, from its folder alone: `config.json`, `run.json`, `metrics.jsonl`,
 * `pictures/`, and the key `report` of each `scores/*.json`. The run may be under way, be over, or not have
 * written anything yet; a last line that is being written is left out.
 *
 * @param state default: `running` while a process holds the folder's lock, else `finished` when the steps are
 *   done, else `stopped`
 * @throws PixconError `invalid-argument` for a folder that is no run's, `checkpoint` for damaged pictures
 * @example
 * const html = await renderReport(await readReportData('runs/photos'));
 */
export async function readReportData(
  folder: string,
  state?: ReportData['status']['state'],
): Promise<ReportData> {
  assertRunFolder(folder);
  const config = await readJson(join(folder, runFiles.config));
  const facts = await readJson(join(folder, runFiles.run));
  const metrics = await readMetrics(join(folder, runFiles.metrics));
  const step = metrics.at(-1)?.step ?? 0;
  const totalSteps = typeof facts.totalSteps === 'number' ? facts.totalSteps : step;
  const pictures = new PictureFolder(folder);
  const pairs = await pictures.readPairs();
  const steps = pairs.length > 0 ? await pictures.steps() : [];
  return {
    title: titleOf(folder, config),
    config,
    status: {
      state:
        state ?? (isRunning(folder) ? 'running' : step > 0 && step >= totalSteps ? 'finished' : 'stopped'),
      step,
      totalSteps,
      updated: new Date().toISOString(),
      queueLength: typeof facts.queueLength === 'number' ? facts.queueLength : 0,
    },
    metrics,
    scores: await readScores(join(folder, 'scores')),
    pairs,
    snapshots: await Promise.all(steps.map((at) => pictures.readSnapshot(at, pairs.length))),
  };
}

/** @throws PixconError `invalid-argument` for a folder that no run has begun to write to */
function assertRunFolder(folder: string): void {
  const files = [...Object.values(runFiles), '.lock'];
  if (files.some((file) => existsSync(join(folder, file)))) return;
  throw new PixconError(
    'invalid-argument',
    existsSync(folder)
      ? `${folder} is no run folder: it has none of ${runFiles.config}, ${runFiles.metrics}, ${runFiles.checkpoint}; name the folder that a training got as --out`
      : `${folder} does not exist; name the folder that a training got as --out`,
  );
}

function titleOf(folder: string, config: Readonly<Record<string, unknown>>): string {
  const { method, arch, backbone } = config;
  const network = arch ?? (backbone as { readonly name?: unknown } | undefined)?.name;
  const parts = [method, network].filter((part) => typeof part === 'string');
  const name = basename(resolve(folder));
  return parts.length === 0 ? name : `${name}: ${parts.join(', ')}`;
}

/** An object; empty where there is no file yet, or none that can be read. */
async function readJson(path: string): Promise<Record<string, unknown>> {
  try {
    const value = JSON.parse(await readFile(path, 'utf8')) as unknown;
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

async function readMetrics(path: string): Promise<ReportMetrics[]> {
  const text = existsSync(path) ? await readFile(path, 'utf8') : '';
  return readMetricsLines(text).flatMap(metricsOf);
}

/** What each line has; the rest depends on the method. */
const always = ['epoch', 'learningRate', 'targetMomentum', 'queueFilled', 'imagesPerSecond'] as const;

/** Its numbers, NaN for those that are missing; none for a line of another kind. */
function metricsOf(record: unknown): ReportMetrics[] {
  if (typeof record !== 'object' || record === null) return [];
  const numbers = Object.fromEntries(
    Object.entries(record).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
  const { step, loss = Number.NaN } = numbers;
  if (step === undefined || !Number.isSafeInteger(step) || step < 0) return [];
  const missing = Object.fromEntries(always.map((name) => [name, Number.NaN]));
  return [{ ...missing, ...numbers, step, loss } as ReportMetrics];
}

async function readScores(folder: string): Promise<ReportScore[]> {
  const names = existsSync(folder) ? (await readdir(folder)).filter((name) => name.endsWith('.json')) : [];
  const files = await Promise.all(names.sort().map((name) => readJson(join(folder, name))));
  return files.flatMap(({ report }) => (isScore(report) ? [report] : []));
}

function isScore(value: unknown): value is ReportScore {
  if (typeof value !== 'object' || value === null) return false;
  const { title, metric, detail, untrained, trained } = value as Partial<Record<string, unknown>>;
  const texts = [title, metric, detail].every((text) => typeof text === 'string');
  return texts && typeof untrained === 'number' && typeof trained === 'number';
}
