import { type FSWatcher, watch } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isRunning } from '@pixcon/trainer';

/** What a report is made from. */
const files = ['config.json', 'run.json', 'metrics.jsonl'];
const folders = ['pictures', 'scores'];

/**
 * Calls back when what a report of the run shows has changed: promptly where the system tells of changes, and else
 * within a second, which also sees that a run was killed.
 *
 * @returns what ends it
 */
export function watchRun(folder: string, onChange: () => void): () => void {
  let last: string | undefined;
  let checking = false;
  const check = async () => {
    if (checking) return;
    checking = true;
    const now = await describe(folder);
    checking = false;
    if (last !== undefined && now !== last) onChange();
    last = now;
  };
  const timer = setInterval(() => void check(), 1000);
  const watcher = notify(folder, () => void check());
  void check();
  return () => {
    clearInterval(timer);
    watcher?.close();
  };
}

/** Some file systems tell of no changes: the timer sees them. */
function notify(folder: string, onChange: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, onChange);
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}

/** Sizes and times of the files, and whether a process writes to them. */
async function describe(folder: string): Promise<string> {
  const inFolders = await Promise.all(
    folders.map(async (name) =>
      (await readdir(join(folder, name)).catch(() => [])).map((file) => join(name, file)),
    ),
  );
  const names = [...files, ...inFolders.flat()].filter((name) => !name.endsWith('.tmp'));
  const facts = await Promise.all(
    names.map(async (name) => {
      const found = await stat(join(folder, name)).catch(() => undefined);
      return `${name} ${found?.size} ${found?.mtimeMs}`;
    }),
  );
  return [isRunning(folder), ...facts].join('\n');
}
