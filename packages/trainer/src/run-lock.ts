import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { PixconError } from '@pixcon/core';

const file = '.lock';

/** What this process holds: a lock with its own pid may also be left over from a container that was killed. */
const held = new Set<string>();

/**
 * Refuses a run folder that another run is writing to. Only sees processes of this machine.
 *
 * @throws PixconError `invalid-argument` that names the process
 */
export function assertNotLocked(folder: string): void {
  const pid = readPid(join(folder, file));
  if (pid !== undefined && isAlive(pid, folder)) throw lockedError(folder, pid);
}

/**
 * Whether a run is writing to the folder: its process is alive, on this machine.
 *
 * @example
 * isRunning('runs/photos'); // => true until the training there ends, also where it is killed
 */
export function isRunning(folder: string): boolean {
  const pid = readPid(join(folder, file));
  return pid !== undefined && isAlive(pid, folder);
}

/**
 * Makes the run folder this run's own: `.lock` gets the process's pid. The lock of a process that is gone is
 * taken over. Returns what removes it; calling that twice is harmless.
 *
 * @throws PixconError `invalid-argument` when another run that is alive has the lock
 */
export async function lockRunFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, file);
  const key = resolve(folder);
  while (!create(path)) {
    assertNotLocked(folder);
    // Its owner may be about to write its pid.
    await wait(100);
    assertNotLocked(folder);
    await removeStale(folder, path);
  }
  held.add(key);
  let released = false;
  return async () => {
    if (released) return;
    released = true;
    held.delete(key);
    // Where it cannot be removed (the disk has become read-only) it is stale from now on, as after a kill.
    await rm(path, { force: true }).catch(() => undefined);
  };
}

/** False where there is a lock already. */
function create(path: string): boolean {
  try {
    writeFileSync(path, `${process.pid}\n`, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    // On a full disk it was made, and stays empty.
    rmSync(path, { force: true });
    throw error;
  }
}

/** Out of the way first: of two runs that find the same stale lock, the later must not remove the earlier's new one. */
async function removeStale(folder: string, path: string): Promise<void> {
  const aside = `${path}.${process.pid}.tmp`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const pid = readPid(aside);
  if (pid !== undefined && isAlive(pid, folder)) {
    await rename(aside, path);
    throw lockedError(folder, pid);
  }
  await rm(aside, { force: true });
}

/** `undefined` where there is no lock or none with a pid, as a power cut leaves it. */
function readPid(path: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(path, 'utf8'), 10);
    return pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number, folder: string): boolean {
  if (pid === process.pid) return held.has(resolve(folder));
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and another user's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function lockedError(folder: string, pid: number): PixconError {
  return new PixconError(
    'invalid-argument',
    `pretrain: process ${pid} is writing to the run folder ${folder}; wait until it ends, choose another folder (--out), or remove ${join(folder, file)} if that process is no training run`,
  );
}
