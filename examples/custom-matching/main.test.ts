import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const execute = promisify(execFile);

function runExample(...args: readonly string[]) {
  const command = ['--conditions=@pixcon/source', '--import', 'tsx', 'main.ts', ...args];
  return execute(process.execPath, command, {
    cwd: import.meta.dirname,
    env: { ...process.env, BACKEND: 'wasm', NO_COLOR: '1' },
  });
}

describe('main', () => {
  it('trains both strategies for two steps and prints a row for each', async () => {
    const { stdout } = await runExample('2');
    const cells = (name: string) => {
      const row = stdout.split('\n').find((line) => line.startsWith(`│ ${name}`));
      return [...(row ?? '').matchAll(/│ ([\d.]+) +(?=│)/g)].map((match) => Number(match[1]));
    };
    expect(stdout).toContain('similarity (PixCon-Sim): step 2/2, loss ');
    expect(stdout).toContain('mutual neighbours: step 2/2, loss ');
    expect(cells('untrained')).toHaveLength(1);
    const similarity = cells('similarity (PixCon-Sim)');
    const mutual = cells('mutual neighbours');
    // chance, loss, dense part, mean weight, mIoU
    expect([similarity.length, mutual.length]).toEqual([5, 5]);
    expect(similarity[3]).toBe(1);
    expect(mutual[3]).toBeGreaterThan(0);
    expect(mutual[3]).toBeLessThan(1);
    expect(mutual[0]).toBe(similarity[0]);
    expect(mutual[1]).not.toBe(similarity[1]);
  }, 180_000);

  it('refuses a number of steps that is none', async () => {
    await expect(runExample('few')).rejects.toThrow('steps must be a whole number above 0, got few');
  });
});
