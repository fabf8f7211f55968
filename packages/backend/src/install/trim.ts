import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Deletes what a built tfjs-node never loads: headers, build products, and of each tfjs package every bundle but the
 * CommonJS one that Node takes (`main`).
 *
 * @param root the folder that holds `node_modules`
 */
export function trimInstallation(root: string): void {
  const scope = join(root, 'node_modules', '@tensorflow');
  for (const name of readdirSync(scope)) {
    const directory = join(scope, name);
    if (name === 'tfjs-node') trimNode(directory);
    else trimBundles(directory);
  }
  rmSync(join(root, 'node_modules', '@types'), { recursive: true, force: true });
}

function trimNode(directory: string): void {
  for (const name of readdirSync(directory)) {
    if (name === 'build' || name === 'src' || name === 'binding' || name.startsWith('build-tmp'))
      remove(directory, name);
  }
  remove(join(directory, 'deps'), 'include');
}

function trimBundles(directory: string): void {
  const { main } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as { main?: string };
  if (main === undefined || !existsSync(join(directory, main))) return;
  const kept = new Set(['package.json', 'LICENSE', 'node_modules', 'dist']);
  for (const name of readdirSync(directory)) if (!kept.has(name)) remove(directory, name);
  for (const name of readdirSync(join(directory, 'dist'))) {
    if (join('dist', name) !== join(main)) remove(join(directory, 'dist'), name);
  }
}

function remove(directory: string, name: string): void {
  rmSync(join(directory, name), { recursive: true, force: true });
}
