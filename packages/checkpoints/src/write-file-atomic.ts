import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { checkpointError } from './checkpoint-error.ts';

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
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    // What failed first is what is told.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw checkpointError(`writeFileAtomic: could not write ${path}: ${(cause as Error).message}`, cause);
  }
  await syncFolder(folder);
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
