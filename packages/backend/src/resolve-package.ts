import { importNode, isNode } from './node-modules.ts';
import { withoutChatter } from './quiet.ts';

/**
 * The folder of an installed package, looked up from this package first and from the user's project (the working folder) second;
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
  for (const from of [fileURLToPath(import.meta.url), path.join(process.cwd(), 'package.json')]) {
    // The search paths, and not `resolve`: a package's `exports` may hide its package.json.
    for (const folder of createRequire(from).resolve.paths(name) ?? []) {
      const directory = path.join(folder, name);
      if (fs.existsSync(path.join(directory, 'package.json'))) return directory;
    }
  }
  return undefined;
}

/**
 * What to do when `import(name)` of an optional peer failed with `error`: under Node, take it from the user's project,
 * which this package may not see. The `import` itself stays with the caller, literal and with a `catch`, so that
 * bundlers follow it and tolerate its absence.
 *
 * @throws the `error` given, where the package is not there either
 */
export async function importFromProject<T>(name: string, error: unknown): Promise<T> {
  const directory = await resolvePackage(name);
  if (directory === undefined || (error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND')
    throw error;
  const { createRequire } = await importNode('node:module');
  // Under Node tfjs's backends are CommonJS.
  return withoutChatter(() => createRequire(`${directory}/package.json`)(directory) as T);
}
