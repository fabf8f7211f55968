import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** After which a lock of another machine, whose processes cannot be asked for, counts as left behind. */
const longestInstallation = 3_600_000;

/**
 * Runs `work` while no other process holds the lock folder `path`, on this machine or on another one that shares it. A
 * lock whose process has died is taken over.
 *
 * @param onWait called once, with the other's process id, when there is something to wait for
 */
export async function withLock<T>(
  path: string,
  onWait: (processId: number) => void,
  work: () => Promise<T>,
): Promise<T> {
  mkdirSync(dirname(path), { recursive: true });
  const own = `${process.pid} ${hostname()} ${randomUUID()}`;
  const owner = join(path, 'pid');
  let told = false;
  let withoutOwner = 0;
  while (!tryCreate(path)) {
    const holder = read(owner);
    // A lock without an owner is one that is being made right now, unless it stays so.
    withoutOwner = holder === '' ? withoutOwner + 1 : 0;
    if (withoutOwner > 5 || (holder !== '' && isLeft(holder, path))) {
      remove(path, holder);
      withoutOwner = 0;
      continue;
    }
    if (!told && holder !== '') onWait(Number.parseInt(holder, 10));
    told ||= holder !== '';
    await wait(500);
  }
  writeFileSync(owner, own);
  try {
    return await work();
  } finally {
    remove(path, own);
  }
}

/** Removes the lock unless it has become another's meanwhile. */
function remove(path: string, holder: string): void {
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (read(join(aside, 'pid')) === holder) rmSync(aside, { recursive: true, force: true });
  else renameSync(aside, path);
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

/** Empty without an owner. */
function read(owner: string): string {
  try {
    return readFileSync(owner, 'utf8');
  } catch {
    return '';
  }
}

/** Whether the process that `holder` names is gone. */
function isLeft(holder: string, path: string): boolean {
  const [processId, host = hostname()] = holder.split(' ');
  if (host === hostname()) return !isAlive(Number(processId));
  const made = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
  return Date.now() - made > longestInstallation;
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
