import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
export const root = new URL('../..', import.meta.url).pathname;

export interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

export interface Packed {
  readonly manifest: Manifest;
  /** In the repository, `packages/<name>`. */
  readonly folder: string;
  readonly tarball: string;
  /** What the tarball holds. */
  readonly files: readonly string[];
}

/** Packs every published package into `destination`; by name. */
export async function packPackages(destination: string): Promise<ReadonlyMap<string, Packed>> {
  const folders = await readdir(join(root, 'packages'));
  const all = await Promise.all(
    folders.map(async (name) => {
      const folder = join(root, 'packages', name);
      const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest;
      return { folder, manifest };
    }),
  );
  const published = all.filter(({ manifest }) => !manifest.private);
  const { stdout } = await run(
    'npm',
    [
      'pack',
      '--json',
      '--ignore-scripts',
      `--pack-destination=${destination}`,
      ...published.map(({ manifest }) => `--workspace=${manifest.name}`),
    ],
    { cwd: root, maxBuffer: 2 ** 26 },
  );
  const report = Object.values(JSON.parse(stdout)) as {
    readonly name: string;
    readonly filename: string;
    readonly files: readonly { readonly path: string }[];
  }[];
  return new Map(
    published.map(({ folder, manifest }) => {
      const entry = report.find(({ name }) => name === manifest.name);
      if (!entry) throw new Error(`npm pack did not report ${manifest.name}`);
      const tarball = join(destination, entry.filename);
      return [manifest.name, { manifest, folder, tarball, files: entry.files.map(({ path }) => path) }];
    }),
  );
}

/** The package and the siblings that it declares, directly or through one another. */
export function closure(
  name: string,
  packed: ReadonlyMap<string, Packed>,
  found = new Set<string>(),
): ReadonlySet<string> {
  const entry = packed.get(name);
  if (!entry || found.has(name)) return found;
  found.add(name);
  const { dependencies, peerDependencies } = entry.manifest;
  for (const dependency of Object.keys({ ...dependencies, ...peerDependencies }))
    closure(dependency, packed, found);
  return found;
}
