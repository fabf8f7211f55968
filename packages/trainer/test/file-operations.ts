import fs from 'node:fs';
import promises, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

/**
 * Calls back at each file operation of this process that changes something, before it is done; where bytes are
 * written, when half of them are.
 *
 * @param onOperation hears how many there were, this one included
 */
export function watchFileOperations(onOperation: (count: number) => void): void {
  let count = 0;
  const next = () => onOperation(++count);
  const { open } = promises;
  for (const name of ['rename', 'rm', 'mkdir', 'rmdir'] as const) {
    const work = promises[name] as (...parameters: unknown[]) => Promise<unknown>;
    Object.assign(promises, {
      [name]: async (...parameters: unknown[]) => {
        next();
        return await work(...parameters);
      },
    });
  }
  const { writeFileSync } = fs;
  fs.writeFileSync = (...parameters) => {
    next();
    writeFileSync(...parameters);
  };
  promises.open = async (path, flags, mode) => {
    if (typeof flags !== 'string' || flags.startsWith('r')) return await open(path, flags, mode);
    next();
    const file = await open(path, flags, mode);
    watchWrites(file, next);
    return file;
  };
  syncBuiltinESMExports();
}

function watchWrites(file: FileHandle, next: () => void): void {
  const { writeFile, sync, datasync, close } = file;
  const inHalves = async (data: unknown) => {
    const bytes = Buffer.from(data as Uint8Array | string);
    const half = bytes.length >> 1;
    await writeFile.call(file, bytes.subarray(0, half));
    next();
    await writeFile.call(file, bytes.subarray(half));
  };
  const before = (work: () => Promise<void>) => async () => {
    next();
    await work.call(file);
  };
  Object.assign(file, {
    writeFile: inHalves,
    appendFile: inHalves,
    sync: before(sync),
    datasync: before(datasync),
    close: before(close),
  });
}
