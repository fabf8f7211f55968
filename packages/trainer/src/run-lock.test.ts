import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assertNotLocked, lockRunFolder } from './run-lock.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pixcon-lock-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const leave = (content: string) => writeFile(join(folder, '.lock'), content);

describe('lockRunFolder', () => {
  it('holds the folder until it is released', async () => {
    const release = await lockRunFolder(folder);
    expect(await readFile(join(folder, '.lock'), 'utf8')).toBe(`${process.pid}\n`);
    expect(() => assertNotLocked(folder)).toThrow(
      `process ${process.pid} is writing to the run folder ${folder}`,
    );
    await expect(lockRunFolder(folder)).rejects.toMatchObject({ code: 'invalid-argument' });
    await release();
    expect(await readdir(folder)).toEqual([]);
    const releaseSecond = await lockRunFolder(folder);
    // The first has nothing left to release.
    await release();
    expect(() => assertNotLocked(folder)).toThrow(/is writing/);
    await releaseSecond();
    expect(await readdir(folder)).toEqual([]);
  });

  it('respects another process, and takes over when it is gone', async () => {
    const child = spawn(process.execPath, ['--eval', 'setTimeout(() => {}, 60_000)']);
    try {
      await leave(`${child.pid}\n`);
      await expect(lockRunFolder(folder)).rejects.toThrow(`process ${child.pid} is writing`);
      expect(await readFile(join(folder, '.lock'), 'utf8')).toBe(`${child.pid}\n`);
    } finally {
      const gone = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGKILL');
      await gone;
    }
    await (await lockRunFolder(folder))();
  });

  it.each([
    ['of a process that is gone', () => `${spawnSync(process.execPath, ['--version']).pid}\n`],
    ['of an earlier process with the same pid', () => `${process.pid}\n`],
    ['that a power cut left empty', () => ''],
  ])('takes over a lock %s, for one of two runs', async (_, content) => {
    await leave(content());
    expect(() => assertNotLocked(folder)).not.toThrow();
    const results = await Promise.allSettled([lockRunFolder(folder), lockRunFolder(folder)]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    for (const result of results) if (result.status === 'fulfilled') await result.value();
    expect(await readdir(folder)).toEqual([]);
  });
});
