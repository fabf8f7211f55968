import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const execute = promisify(execFile);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pixcon-custom-method-'));
});
afterAll(() => rm(folder, { recursive: true }));

function runExample(...args: readonly string[]) {
  const command = ['--conditions=@pixcon/source', '--import', 'tsx', 'main.ts', ...args];
  return execute(process.execPath, command, {
    cwd: import.meta.dirname,
    env: { ...process.env, BACKEND: 'wasm', NO_COLOR: '1', OUT: join(folder, 'run') },
  });
}

describe('main', () => {
  it('trains for two steps, prints losses that move, and leaves a report', async () => {
    const { stdout } = await runExample('2');
    expect(stdout).toMatch(/^step 1\/2 {2}loss [\d.]+ {2}chance [\d.]+ /m);
    expect(stdout).toMatch(/^end {2}loss [\d.]+ /m);
    expect(stdout).toMatch(/^untrained: mIoU [\d.]+%, trained: mIoU [\d.]+%$/m);
    expect(existsSync(join(folder, 'run/report.html'))).toBe(true);
    const lines = (await readFile(join(folder, 'run/metrics.jsonl'), 'utf8')).trim().split('\n');
    const [first, second] = lines.map((line) => JSON.parse(line) as Record<string, number>);
    expect(first?.loss).toBeCloseTo(first?.dense ?? 0, 4);
    expect(second?.loss).not.toBe(first?.loss);
    expect(first?.matchWeight).toBeGreaterThan(0);
    expect(first?.matchWeight).toBeLessThan(1);
  }, 180_000);

  it('refuses a number of steps that is none', async () => {
    await expect(runExample('few')).rejects.toThrow('steps must be a whole number above 0, got few');
  }, 180_000);
});
