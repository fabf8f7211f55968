import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/**
 * Runs `work` while no other process holds the lock folder `path`. A lock whose process has died is taken over.
 *
 * @param onWait called once, with the other's process id, when there is something to wait for
 */
export async function withLock<T>(
  path: string,
  onWait: (processId: number) => void,
  work: () => Promise<T>,
): Promise<T> {
  mkdirSync(dirname(path), { recursive: true });
  const owner = join(path, 'pid');
  for (let waited = 0; !tryCreate(path); waited++) {
    const holder = holderOf(owner);
    // A lock without an owner is one that is being made right now, unless it stays so.
    if ((holder === undefined && waited > 5) || (holder !== undefined && !isAlive(holder))) {
      rmSync(path, { recursive: true, force: true });
      continue;
    }
    if (waited === 0 && holder !== undefined) onWait(holder);
    await wait(500);
  }
  writeFileSync(owner, String(process.pid));
  try {
    return await work();
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

function tryCreate(path: string): boolean {
  try {
    mkdirSync(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function holderOf(owner: string): number | undefined {
  try {
    return Number(readFileSync(owner, 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
