import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importedPackages } from './packages/read-readme.ts';

const root = new URL('..', import.meta.url).pathname;

interface Manifest {
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** An example is copied out of this repository, and then has what its own package.json names and nothing else. */
describe.each(readdirSync(join(root, 'examples')))('the example %s', (name) => {
  const folder = join(root, 'examples', name);
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  const declared = { ...manifest.devDependencies, ...manifest.dependencies };
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (path) => !/(^|\/)(node_modules|dist|runs)\//.test(path),
  );

  it('declares what it imports', () => {
    for (const file of files.filter((path) => path.endsWith('.ts'))) {
      const own = /\.test\.ts$|^test\//.test(file) ? declared : manifest.dependencies;
      const missing = importedPackages(readFileSync(join(folder, file), 'utf8')).filter(
        (specifier) => !(specifier in own),
      );
      expect(missing, file).toEqual([]);
    }
  });

  it('declares the commands of its scripts', () => {
    for (const script of Object.values(manifest.scripts)) {
      expect(Object.keys(manifest.dependencies)).toContain(script.split(' ')[0]);
      expect(script).not.toContain('@pixcon/source');
    }
  });

  it('asks for versions that a registry can have', () => {
    for (const version of Object.values(declared)) expect(version).toMatch(/^\^?\d+\.\d+\.\d+$/);
  });

  it('extends no settings from outside of its folder', () => {
    for (const file of files.filter((path) => path.endsWith('tsconfig.json')))
      expect(readFileSync(join(folder, file), 'utf8')).not.toContain('"../');
  });
});
