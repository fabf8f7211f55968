import { spawn } from 'node:child_process';
import { watch } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readCheckpoint } from '@pixcon/checkpoints/node';
import { RandomStream } from '@pixcon/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type MetricsLine, readMetrics } from './tiny-run.ts';

let folder: string;
let expected: MetricsLine[];

/** Trains in a process of its own; `kill` gets it when it has begun, and may end it. Resolves to its exit code. */
function train(out: string, kill?: (end: () => void) => void): Promise<number | null> {
  const script = fileURLToPath(new URL('./train-child.ts', import.meta.url));
  const child = spawn(process.execPath, ['--conditions=@pixcon/source', '--import', 'tsx', script, out], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout.once('data', () => kill?.(() => child.kill('SIGKILL')));
  child.stdout.resume();
  return new Promise((resolve) => child.once('close', resolve));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pixcon-kill-'));
  expect(await train(join(folder, 'whole'))).toBe(0);
  expected = await readMetrics(join(folder, 'whole'));
  expect(expected.map(({ step }) => step)).toEqual(Array.from({ length: 12 }, (_, step) => step));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('goes on after SIGKILL at any moment', async () => {
  const out = join(folder, 'random');
  const random = new RandomStream(Date.now() >>> 0);
  let kills = 0;
  for (let round = 0; round < 4; round++) {
    if ((await train(out, (end) => setTimeout(end, random.uniform(0, 150)))) === null) kills++;
  }
  expect(await train(out)).toBe(0);
  expect(await readMetrics(out)).toEqual(expected);
  expect(kills).toBeGreaterThan(0);
});

it('goes on after SIGKILL while a checkpoint is being written', async () => {
  const out = join(folder, 'writing');
  await mkdir(out);
  for (let nth = 1; nth <= 3; nth++) {
    const code = await train(out, (end) => {
      const writes = new Set<string>();
      const watcher = watch(out, (_, name) => {
        if (name?.startsWith('.checkpoint.')) writes.add(name);
        if (writes.size < nth) return;
        watcher.close();
        end();
      });
    });
    expect(code).toBe(null);
    // The first write may be the first checkpoint; later ones must leave the one before.
    if (nth > 1) await readCheckpoint(join(out, 'checkpoint.safetensors'));
  }
  expect(await train(out)).toBe(0);
  expect(await readMetrics(out)).toEqual(expected);
  expect((await readdir(out)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});
