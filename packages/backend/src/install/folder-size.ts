import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Bytes of all files under `folder`; links count as nothing, and so do files that vanish meanwhile. */
export function folderSize(folder: string): number {
  try {
    const stat = lstatSync(folder);
    if (stat.isFile()) return stat.size;
    if (!stat.isDirectory()) return 0;
    return readdirSync(folder).reduce((sum, name) => sum + folderSize(join(folder, name)), 0);
  } catch {
    return 0;
  }
}

/** `273829956` as `274 MB`. */
export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
