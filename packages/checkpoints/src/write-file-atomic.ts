import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { checkpointError } from './checkpoint-error.ts';
import { writeFailure } from './write-failure.ts';

/**
 * Writes a file so that at any moment, even when the process or the machine stops, `path` holds either its old
 * content or all of the new: a temporary file in the same folder is written, flushed to the disk and renamed.
 * The folder must exist.
 *
 * @throws PixconError `checkpoint`, after removing the temporary file
 *
 * @example
 * await writeFileAtomic('runs/sr/metrics.json', new TextEncoder().encode('{}'));
 */
export async function writeFileAtomic(path: string, bytes: Uint8Array): Promise<void> {
  await writeFilesAtomic([[path, bytes]]);
}

/**
 * Writes files that belong together: none takes its place before the bytes of all are on the disk, so that what fails
 * for want of space changes nothing. They take their places in the order given.
 *
 * @param files paths with their bytes; their folders must exist
 * @throws PixconError `checkpoint`, after removing the temporary files
 */
export async function writeFilesAtomic(
  files: Iterable<readonly [path: string, bytes: Uint8Array]>,
): Promise<void> {
  const staged: { readonly path: string; readonly temporary: string }[] = [];
  let current = '';
  try {
    for (const [path, bytes] of files) {
      current = path;
      const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
      staged.push({ path, temporary });
      await writeFlushed(temporary, bytes);
    }
    for (const { path, temporary } of staged) {
      current = path;
      await rename(temporary, path);
    }
  } catch (cause) {
    // What failed first is what is told.
    for (const { temporary } of staged) await rm(temporary, { force: true }).catch(() => undefined);
    const { reason, cure } = writeFailure(cause) ?? { reason: (cause as Error).message, cure: 'try again' };
    throw checkpointError(`writeFileAtomic: could not write ${current}: ${reason}; ${cure}`, cause);
  }
  for (const folder of new Set(staged.map(({ path }) => dirname(path)))) await syncFolder(folder);
}

async function writeFlushed(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the rename itself durable. Windows cannot open folders, and some network file systems cannot sync them. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // The content is safe; only the moment at which the new name reaches the disk is left to the system.
  }
}
