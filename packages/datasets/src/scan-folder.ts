import { readdirSync, realpathSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';

/** What lies below a folder. */
export interface FolderScan {
  /** Paths relative to the folder, with `/`, sorted by UTF-16 code unit. */
  readonly files: readonly string[];
  /** How many files of other extensions were passed by, by extension. */
  readonly others: ReadonlyMap<string, number>;
}

/**
 * Lists the files below `root` whose lower-case extension is in `extensions`. Names that begin with a dot are
 * passed by. Links are followed, but for one that leads back into a folder that it lies in, and a dangling one.
 *
 * @param except a folder to pass by, relative to `root`
 */
export function scanFolder(root: string, extensions: readonly string[], except?: string): FolderScan {
  const files: string[] = [];
  const others = new Map<string, number>();

  const visit = (relative: string, ancestors: readonly string[]) => {
    const folder = join(root, relative);
    const real = realpathSync(folder);
    if (ancestors.includes(real)) return;
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.name.startsWith('.')) continue;
      const path = relative === '' ? entry.name : `${relative}/${entry.name}`;
      if (path === except) continue;
      const kind = entry.isSymbolicLink() ? statSync(join(root, path), { throwIfNoEntry: false }) : entry;
      if (kind?.isDirectory()) visit(path, [...ancestors, real]);
      if (!kind?.isFile()) continue;
      const extension = extname(entry.name).toLowerCase();
      if (extensions.includes(extension)) files.push(path);
      else others.set(extension, (others.get(extension) ?? 0) + 1);
    }
  };
  visit('', []);
  return { files: files.sort(byCodeUnit), others };
}

/** The same order on every machine, whatever its locale. */
function byCodeUnit(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
