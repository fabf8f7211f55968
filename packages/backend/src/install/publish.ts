import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Start of the name of the folders in which an installation for `directory` is made: hidden, beside it. */
export function partialPrefix(directory: string): string {
  return join(dirname(directory), `.${basename(directory)}-partial-`);
}

/** Puts the finished folder `replacement` in the place of `directory`, which may exist. */
export function publish(directory: string, replacement: string): void {
  const replaced = replacedPath(directory);
  if (existsSync(directory)) renameSync(directory, replaced);
  renameSync(replacement, directory);
  rmSync(replaced, { recursive: true, force: true });
}

/** Clears what a killed installation left, and puts back the folder that it was about to replace. */
export function recover(directory: string): void {
  const replaced = replacedPath(directory);
  if (existsSync(replaced)) {
    if (existsSync(directory)) rmSync(replaced, { recursive: true, force: true });
    else renameSync(replaced, directory);
  }
  const prefix = basename(partialPrefix(directory));
  for (const name of readdirSync(dirname(directory))) {
    if (name.startsWith(prefix)) rmSync(join(dirname(directory), name), { recursive: true, force: true });
  }
}

function replacedPath(directory: string): string {
  return join(dirname(directory), `.${basename(directory)}-replaced`);
}
