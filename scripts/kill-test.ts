/**
 * Kills a training at random moments of its life (SIGKILL at any file operation or time, SIGINT and SIGTERM), several
 * times a run, resumes it by the same call, and compares every loss and the trained backbone with an uninterrupted
 * run, bit for bit.
 *
 * Usage: npm run kill-test -- [--runs 100] [--seed N] [--jobs 2]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { RandomStream } from '@pixcon/core';
import { killAndResume, trainWhole } from '../packages/trainer/test/kill-runs.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 32) },
    jobs: { type: 'string', default: '2' },
  },
});

function whole(name: keyof typeof values, least: number): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new Error(`--${name}: expected a whole number of at least ${least}, got ${values[name]}`);
}

/** A report takes much longer than such a training: every fourth run has one. */
const isShown = (run: number) => run % 4 === 3;

try {
  const [runs, seed, jobs] = [whole('runs', 1), whole('seed', 0), whole('jobs', 1)];
  const folder = await mkdtemp(join(tmpdir(), 'pixcon-kill-test-'));
  const random = new RandomStream(seed);
  const failures: string[] = [];
  const signals = new Map<string, number>();
  let next = 0;
  let done = 0;
  process.stdout.write(`seed ${seed}, ${runs} runs\n`);
  const plain = await trainWhole(join(folder, 'plain'), false);
  const shown = await trainWhole(join(folder, 'shown'), true);
  const work = async () => {
    while (next < runs) {
      const run = next++;
      const expected = isShown(run) ? shown : plain;
      try {
        const kills = await killAndResume(
          join(folder, `run-${run}`),
          random.fork(run),
          expected,
          isShown(run),
        );
        for (const kill of kills) {
          const name = kill.split(' ')[0] as string;
          signals.set(name, (signals.get(name) ?? 0) + 1);
        }
      } catch (error) {
        failures.push(`run ${run}: ${(error as Error).message}`);
        process.stdout.write(`${failures.at(-1)}\n`);
      }
      done++;
      if (done % 10 === 0) process.stderr.write(`${done} of ${runs}\n`);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  const counts = [...signals].map(([name, count]) => `${count} × ${name}`).join(', ');
  process.stdout.write(
    `${runs} runs, killed ${counts} (130: SIGINT, 143: SIGTERM): ${runs - failures.length} the same bit for bit, ${failures.length} not\n`,
  );
  if (failures.length === 0) await rm(folder, { recursive: true });
  else process.stdout.write(`what is left of them is in ${folder}\n`);
  process.exitCode = failures.length === 0 ? 0 : 1;
} catch (error) {
  process.stderr.write(`kill-test: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
