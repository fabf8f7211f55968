import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startBackend } from '@pixcon/backend';
import { readCheckpoint } from '@pixcon/checkpoints/node';
import { RandomStream } from '@pixcon/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { pretrain, readReportData } from '../src/index.ts';
import { readEvents } from './read-events.ts';
import { type MetricsLine, readMetrics, tinyImages, tinyOptions, tinyPixCon } from './tiny-run.ts';

let folder: string;
let expected: MetricsLine[];

interface KilledRun {
  /** Where the run stops and waits for its end: `step 3`, `write 2`, `rename 2`, `end`. */
  readonly place: string;
  /** Ends it at a line that the run says; by default when it has come to the place. */
  readonly when?: (line: string) => Promise<boolean> | boolean;
}

/** Trains in a process of its own, to the end or until it is killed. Resolves to its exit code, null for a kill. */
async function train(out: string, killed?: KilledRun): Promise<number | null> {
  const script = fileURLToPath(new URL('./train-child.ts', import.meta.url));
  const flags = ['--conditions=@pixcon/source', '--import', 'tsx'];
  const child = spawn(process.execPath, [...flags, script, out, killed?.place ?? ''], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  for await (const line of createInterface(child.stdout)) {
    if (killed && (line === killed.place || (await killed.when?.(line)))) child.kill('SIGKILL');
  }
  return await closed;
}

const temporaryFiles = async (out: string) => (await readdir(out)).filter((name) => name.endsWith('.tmp'));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pixcon-kill-'));
  expect(await train(join(folder, 'whole'))).toBe(0);
  expected = await readMetrics(join(folder, 'whole'));
  expect(expected.map(({ step }) => step)).toEqual(Array.from({ length: 12 }, (_, step) => step + 1));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What a kill leaves can be looked at: a whole report, where there is one, and events up to the cut. */
async function expectReadable(out: string): Promise<void> {
  const report = join(out, 'report.html');
  if (existsSync(report))
    expect(await readFile(report, 'utf8')).toMatch(/<main id="report">[\s\S]*<\/html>\s*$/);
  for (const name of await readdir(out)) {
    if (name.startsWith('events.')) readEvents(await readFile(join(out, name)));
  }
  const { state, step } = (await readReportData(out)).status;
  expect(state).toBe(step === expected.length ? 'finished' : 'stopped');
}

it('goes on after SIGKILL at any moment', async () => {
  const out = join(folder, 'random');
  const seed = Number(process.env.PIXCON_KILL_SEED ?? Date.now() % 2 ** 32);
  const random = new RandomStream(seed);
  const moments: string[] = [];
  // The first for certain between a step and its checkpoint; the others where they fall.
  expect(await train(out, { place: 'step 2' })).toBe(null);
  expect(existsSync(join(out, 'report.html'))).toBe(true);
  await expectReadable(out);
  for (const first of [3, 6, 9]) {
    const [step, delay] = [first + random.integer(0, 3), random.uniform(0, 30)];
    moments.push(`${delay.toFixed(1)} ms after step ${step}`);
    const when = async (line: string) => {
      const due = line.startsWith('step ') && Number(line.slice(5)) >= step;
      if (due) await wait(delay);
      return due;
    };
    expect(await train(out, { place: 'end', when })).toBe(null);
    await expectReadable(out);
  }
  expect(await train(out)).toBe(0);
  expect(await readMetrics(out), `PIXCON_KILL_SEED=${seed}: killed ${moments.join(', ')}`).toEqual(expected);
  await expectReadable(out);
  expect((await readReportData(out)).snapshots.map(({ step }) => step)).toEqual([0, 1, 3, 6, 9, 12]);
}, 180_000);

it('goes on after SIGKILL while a checkpoint is being written', async () => {
  const out = join(folder, 'writing');
  // The very first, then one that has another before it.
  for (const place of ['write 1', 'rename 1', 'write 2', 'rename 2']) {
    expect(await train(out, { place })).toBe(null);
    expect(await temporaryFiles(out), place).toHaveLength(1);
    const path = join(out, 'checkpoint.safetensors');
    // Only whole ones take their place.
    expect(existsSync(path), place).toBe(place.endsWith('2'));
    if (place.endsWith('2')) await readCheckpoint(path);
  }
  expect(await train(out)).toBe(0);
  expect(await readMetrics(out)).toEqual(expected);
  expect(await temporaryFiles(out)).toEqual([]);
}, 180_000);

it('lets one run at a time write to a folder', async () => {
  const out = join(folder, 'shared');
  await startBackend('wasm');
  const second = () => pretrain(tinyPixCon(), tinyImages(16), { ...tinyOptions, out, resume: true });
  let refusal: unknown;
  let pid = '';
  const when = async (line: string) => {
    if (line !== 'step 2') return false;
    pid = (await readFile(join(out, '.lock'), 'utf8')).trim();
    refusal = await second().catch((error: unknown) => error);
    return false;
  };
  expect(await train(out, { place: 'step 4', when })).toBe(null);
  expect(refusal).toMatchObject({
    code: 'invalid-argument',
    message: `pretrain: process ${pid} is writing to the run folder ${out}; wait until it ends, choose another folder (--out), or remove ${join(out, '.lock')} if that process is no training run`,
  });
  // It was killed: its lock is stale.
  expect(existsSync(join(out, '.lock'))).toBe(true);
  (await second()).state.dispose();
  expect(await readMetrics(out)).toEqual(expected);
  expect(existsSync(join(out, '.lock'))).toBe(false);
});
