import { importNode, isNode } from './node-modules.ts';

/**
 * The folder of an installed package, looked up from the user's project first and from this package second;
 * `undefined` where it is not installed. Node only.
 */
export async function resolvePackage(name: string): Promise<string | undefined> {
  if (!isNode()) return undefined;
  const [{ createRequire }, path, fs, { fileURLToPath }] = await Promise.all([
    importNode('node:module'),
    importNode('node:path'),
    importNode('node:fs'),
    importNode('node:url'),
  ]);
  for (const from of [path.join(process.cwd(), 'package.json'), fileURLToPath(import.meta.url)]) {
    // The search paths, and not `resolve`: a package's `exports` may hide its package.json.
    for (const folder of createRequire(from).resolve.paths(name) ?? []) {
      const directory = path.join(folder, name);
      if (fs.existsSync(path.join(directory, 'package.json'))) return directory;
    }
  }
  return undefined;
}
