import promises, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

export interface FailingDisk {
  /** Of the paths whose bytes are not taken. */
  readonly path: RegExp;
  /** Of the system: `ENOSPC`, `EROFS` … */
  readonly code: string;
  /** From which opening of such a path on, counted from 1. Default 1. */
  readonly from?: number;
  /** Writes that such a file takes before. Default 0. */
  readonly writes?: number;
}

/**
 * From now on the disk takes half of the bytes that are written to some files and then fails, as a full one does.
 *
 * @returns what ends it, for files that are open as well
 */
export function failDisk({ path, code, from = 1, writes = 0 }: FailingDisk): () => void {
  const { open } = promises;
  let opened = 0;
  let isRepaired = false;
  const breakFile = (file: FileHandle) => {
    const { appendFile, writeFile } = file;
    let left = writes;
    const failing =
      (whole: FileHandle['writeFile']): FileHandle['writeFile'] =>
      async (data, ...rest) => {
        left--;
        if (isRepaired || left >= 0) return await whole.call(file, data, ...rest);
        const bytes = Buffer.from(data as Uint8Array | string);
        await file.write(bytes, 0, bytes.length >> 1);
        throw Object.assign(new Error(`${code}: the disk says so, write`), { code, syscall: 'write' });
      };
    file.writeFile = failing(writeFile);
    file.appendFile = failing(appendFile as FileHandle['writeFile']);
  };
  promises.open = async (name, flags, mode) => {
    const file = await open(name, flags, mode);
    if (typeof flags !== 'string' || flags.startsWith('r') || !path.test(String(name))) return file;
    opened++;
    if (opened >= from) breakFile(file);
    return file;
  };
  syncBuiltinESMExports();
  return () => {
    isRepaired = true;
    promises.open = open;
    syncBuiltinESMExports();
  };
}
