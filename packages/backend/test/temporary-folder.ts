import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';

export interface TemporaryFolder {
  path: string;
  /** Writes a file, by default with its own path as text, and returns the full path. */
  put(path: string, text?: string): string;
}

/** A fresh folder for each test of the file or `describe` that calls it. */
export function useTemporaryFolder(): TemporaryFolder {
  const folder: TemporaryFolder = {
    path: '',
    put(path, text = path) {
      const file = join(folder.path, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
      return file;
    },
  };
  beforeEach(() => {
    folder.path = mkdtempSync(join(tmpdir(), 'pixcon-backend-'));
  });
  afterEach(() => rmSync(folder.path, { recursive: true }));
  return folder;
}

/** The files below `folder`, sorted, relative to it. */
export function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}
