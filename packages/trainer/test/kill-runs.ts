import { spawn } from 'node:child_process';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { readCheckpoint } from '@pixcon/checkpoints/node';
import type { RandomStream } from '@pixcon/core';
import { readReportData } from '../src/index.ts';
import { readEvents } from './read-events.ts';
import { type MetricsLine, readMetrics } from './tiny-run.ts';

/** When a training sends itself a signal. */
export interface KillPlan {
  /** The file operation at which it does; 0 never. */
  readonly operation: number;
  readonly signal: 'SIGKILL' | 'SIGINT' | 'SIGTERM';
  /** With a report, pictures and TensorBoard's events. */
  readonly shown: boolean;
}

export interface WholeRun {
  readonly metrics: readonly MetricsLine[];
  readonly backbone: Buffer;
  readonly operations: number;
  /** Of the whole process. */
  readonly milliseconds: number;
}

interface Ended {
  /** An exit code or the name of a signal. */
  readonly how: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param killAfter milliseconds until it is killed from outside */
async function train(out: string, plan: KillPlan, killAfter?: number): Promise<Ended> {
  const script = fileURLToPath(new URL('./kill-child.ts', import.meta.url));
  // The other packages as built: they load in a third of the time.
  const flags = ['--import', 'tsx'];
  const child = spawn(process.execPath, [...flags, script, out, JSON.stringify(plan)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: fileURLToPath(new URL('.', import.meta.url)),
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
    });
  }
  const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfter);
  const how = await new Promise<number | string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(signal ?? code ?? -1));
  });
  clearTimeout(timer);
  return { how, ...texts };
}

/** What a run is compared with. */
export async function trainWhole(out: string, shown: boolean): Promise<WholeRun> {
  const begun = performance.now();
  const { how, stdout, stderr } = await train(out, { operation: 0, signal: 'SIGKILL', shown });
  if (how !== 0) throw new Error(`the uninterrupted run ended with ${how}: ${stderr}`);
  return {
    metrics: await readMetrics(out),
    backbone: await readFile(join(out, 'backbone.safetensors')),
    operations: Number(stdout),
    milliseconds: performance.now() - begun,
  };
}

/**
 * Trains in a new folder, killed one to four times at moments of its whole life, then to the end, always by the same
 * call; and compares it with the run that was not killed.
 *
 * @returns how it was killed
 * @throws Error that says what is not as it should be
 */
export async function killAndResume(
  out: string,
  random: RandomStream,
  whole: WholeRun,
  shown: boolean,
): Promise<string[]> {
  const kills: string[] = [];
  try {
    for (let left = random.integer(1, 5); left > 0; left--) {
      const kind = random.uniform();
      const signal = kind < 0.7 ? 'SIGKILL' : kind < 0.85 ? 'SIGINT' : 'SIGTERM';
      const isTimed = random.chance(0.25);
      const operation = isTimed ? 0 : random.integer(1, whole.operations + 1);
      const after = isTimed ? random.uniform(0, whole.milliseconds) : undefined;
      const { how, stderr } = await train(out, { operation, signal, shown }, after);
      // It may have come to its end before the moment.
      if (how === 0) break;
      kills.push(
        `${how} ${isTimed ? `after ${(after as number).toFixed(0)} ms` : `at operation ${operation}`}`,
      );
      const expected = { SIGKILL: 'SIGKILL', SIGINT: 130, SIGTERM: 143 }[isTimed ? 'SIGKILL' : signal];
      if (how !== expected) throw new Error(`it ended with ${how}, expected ${expected}: ${stderr}`);
      await expectLookable(out);
    }
    const { how, stderr } = await train(out, { operation: 0, signal: 'SIGKILL', shown });
    if (how !== 0) throw new Error(`it could not go on, but ended with ${how}: ${stderr}`);
    await expectSame(out, whole);
  } catch (cause) {
    throw new Error(`${kills.join(', ')}: ${(cause as Error).message}`, { cause });
  }
  await rm(out, { recursive: true });
  return kills;
}

/** What a kill leaves can be looked at: whole reports and checkpoints, and events up to the cut. */
async function expectLookable(out: string): Promise<void> {
  const names = await readdir(out).catch(() => []);
  for (const name of names) {
    if (name.startsWith('events.')) readEvents(await readFile(join(out, name)));
    if (name === 'checkpoint.safetensors') await readCheckpoint(join(out, name));
    if (name === 'report.html' && !/<\/html>\s*$/.test(await readFile(join(out, name), 'utf8')))
      throw new Error('report.html is cut short');
  }
  if (names.length === 0) return;
  // A process that was killed is gone when its parent has seen its end, and sooner or later for others as well.
  for (let tries = 0; tries < 50; tries++) {
    if ((await readReportData(out).catch(() => undefined))?.status.state !== 'running') return;
    await wait(20);
  }
  throw new Error('its lock is not stale');
}

async function expectSame(out: string, { metrics, backbone }: WholeRun): Promise<void> {
  const lines = await readMetrics(out);
  const at = metrics.findIndex((line, index) => !isDeepStrictEqual(line, lines[index]));
  if (at >= 0 || lines.length !== metrics.length) {
    throw new Error(
      `the metrics differ from line ${at + 1} of ${metrics.length} on: ${JSON.stringify(lines[at] ?? null)}, expected ${JSON.stringify(metrics[at] ?? null)}`,
    );
  }
  if (!(await readFile(join(out, 'backbone.safetensors'))).equals(backbone))
    throw new Error('the backbone is another');
  const left = (await readdir(out, { recursive: true })).filter((name) => /\.tmp$|\.lock$/.test(name));
  if (left.length > 0) throw new Error(`${left.join(', ')} was left`);
  const { status } = await readReportData(out);
  if (status.state !== 'finished') throw new Error(`the report says ${status.state}`);
  await expectLookable(out);
}
