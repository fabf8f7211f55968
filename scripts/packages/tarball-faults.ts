import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type Packed, root } from './pack-packages.ts';

/** Sources that are read or compiled where a package is used, and everything else that it takes along. */
const expected = [
  /^(LICENSE|README\.md|CHANGELOG\.md|package\.json)$/,
  /^dist\/.+\.(js|js\.map|d\.ts|d\.ts\.map)$/,
  /^src\/.+\.(ts|js|c)$/,
  /^native\/.+\.(cc|h)$/,
  /^bin\/.+\.js$/,
];
const leftover = /(\.test\.|\.tsbuildinfo$|(^|\/)(test|fixtures|node_modules)\/|(^|\/)\.)/;

/** What is wrong with the files of a tarball, in words; none for one that can be published. */
export async function tarballFaults({ manifest, folder, files }: Packed): Promise<string[]> {
  const has = new Set(files);
  const faults: string[] = [];
  for (const name of ['LICENSE', 'README.md', 'package.json'])
    if (!has.has(name)) faults.push(`has no ${name}`);
  const licence = join(folder, 'LICENSE');
  if (has.has('LICENSE') && readFileSync(licence, 'utf8') !== readFileSync(join(root, 'LICENSE'), 'utf8'))
    faults.push("has a LICENSE that is not the repository's");
  for (const file of files) {
    if (leftover.test(file) || !expected.some((pattern) => pattern.test(file)))
      faults.push(`holds ${file}, which nobody needs who installs it`);
    // A map without the file that it leads to.
    const source = /^dist\/(.+)\.(?:js|d\.ts)\.map$/.exec(file)?.[1];
    if (source !== undefined && !has.has(`src/${source}.ts`) && !has.has(`src/${source}.js`))
      faults.push(`holds ${file}, but not its source`);
  }
  for (const source of await sources(folder))
    if (!has.has(source)) faults.push(`lacks ${source}, of which the package is made`);
  for (const target of targets(manifest))
    if (!has.has(target)) faults.push(`lacks ${target}, which its package.json names`);
  return faults;
}

/** Every source, also those that are no TypeScript: C, C++ and the file of a worker. */
async function sources(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const part of ['src', 'native', 'bin']) {
    const entries = await readdir(join(folder, part), { recursive: true, withFileTypes: true }).catch(
      () => [],
    );
    for (const entry of entries) {
      const path = relative(folder, join(entry.parentPath, entry.name));
      if (entry.isFile() && /\.(ts|js|c|cc|h)$/.test(path) && !leftover.test(path)) found.push(path);
    }
  }
  return found;
}

/** Files that exports, imports and bin name. */
function targets(value: unknown): string[] {
  if (typeof value === 'string') return value.startsWith('./') ? [value.slice(2)] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(targets);
}
