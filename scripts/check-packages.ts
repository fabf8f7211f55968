/**
 * Proves that each published package installs and works alone: packs all of them, installs each, with nothing
 * but what it declares and, where that has tensors, the `cpu` backend, in an empty project, and has its build
 * compute something under plain Node.
 *
 * Usage: tsx scripts/check-packages.ts [package …]
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageCalls } from './package-calls.ts';

const run = promisify(execFile);
const root = new URL('..', import.meta.url).pathname;

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

interface Packed {
  readonly manifest: Manifest;
  readonly tarball: string;
}

const core = '@tensorflow/tfjs-core';
const backend = '@tensorflow/tfjs-backend-cpu';

async function readManifests(): Promise<Manifest[]> {
  const folders = await readdir(join(root, 'packages'));
  const texts = await Promise.all(
    folders.map((folder) => readFile(join(root, 'packages', folder, 'package.json'), 'utf8')),
  );
  return texts.map((text) => JSON.parse(text) as Manifest).filter((manifest) => !manifest.private);
}

async function pack(manifests: readonly Manifest[], folder: string): Promise<Map<string, Packed>> {
  const workspaces = manifests.map(({ name }) => `--workspace=${name}`);
  const { stdout } = await run(
    'npm',
    ['pack', '--json', '--ignore-scripts', `--pack-destination=${folder}`, ...workspaces],
    { cwd: root, maxBuffer: 2 ** 26 },
  );
  const report = Object.values(JSON.parse(stdout)) as { name: string; filename: string }[];
  return new Map(
    manifests.map((manifest) => {
      const filename = report.find(({ name }) => name === manifest.name)?.filename;
      if (!filename) throw new Error(`npm pack did not report ${manifest.name}`);
      return [manifest.name, { manifest, tarball: join(folder, filename) }];
    }),
  );
}

/** The version of the backend that this repository is tested with. */
async function backendVersion(): Promise<string> {
  const { devDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  return devDependencies[backend] as string;
}

/** The package and the siblings that it declares, directly or through one another. */
function closure(name: string, packed: ReadonlyMap<string, Packed>, found = new Set<string>()): Set<string> {
  const entry = packed.get(name);
  if (!entry || found.has(name)) return found;
  found.add(name);
  const { dependencies, peerDependencies } = entry.manifest;
  for (const dependency of Object.keys({ ...dependencies, ...peerDependencies }))
    closure(dependency, packed, found);
  return found;
}

/** The program that a package must pass in the project where it is alone. */
function programOf(name: string, hasTensors: boolean): string {
  const calls = packageCalls[name];
  if (calls === undefined) throw new Error(`scripts/package-calls.ts has nothing for ${name}`);
  const tensors = `
    const tf = await import('@tensorflow/tfjs-core');
    await import('${backend}');
    await tf.setBackend('cpu');
    const finite = (tensor) => tensor.dataSync().every(Number.isFinite);`;
  return `
    import assert from 'node:assert/strict';
    import { mkdtempSync } from 'node:fs';
    const api = await import('${name}');
    const folder = mkdtempSync('files-');
    ${hasTensors ? tensors : ''}
    ${calls}
    console.log(Object.keys(api).length);
    process.exit(0);`;
}

async function checkAlone(
  { manifest }: Packed,
  packed: ReadonlyMap<string, Packed>,
  tensorflowVersion: string,
  folder: string,
): Promise<string> {
  const { name } = manifest;
  const names = [...closure(name, packed)];
  // Only beside tfjs-core that was declared: the backend would bring it along for a package that forgot to.
  const hasTensors = core in { ...manifest.dependencies, ...manifest.peerDependencies };
  const project = {
    name: 'alone',
    private: true,
    type: 'module',
    dependencies: {
      // Siblings are not in a registry yet: their tarballs stand in for it, for this package's closure only.
      ...Object.fromEntries(names.map((sibling) => [sibling, `file:${packed.get(sibling)?.tarball}`])),
      ...(hasTensors ? { [backend]: tensorflowVersion } : {}),
    },
  };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify(project));
  await writeFile(join(folder, 'program.js'), programOf(name, hasTensors));
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--no-progress', '--loglevel=error'];
  await run('npm', ['install', '--ignore-scripts', ...quiet], { cwd: folder });
  const { stdout } = await run('node', ['program.js'], { cwd: folder });
  return `${stdout.trim()} names`;
}

async function main(asked: readonly string[]): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'pixcon-alone-'));
  try {
    const packed = await pack(await readManifests(), folder);
    const version = await backendVersion();
    const queue = [...packed.values()].filter(
      ({ manifest }) => asked.length === 0 || asked.includes(manifest.name),
    );
    let failures = 0;
    const work = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const { name } = next.manifest;
        try {
          const names = await checkAlone(next, packed, version, join(folder, name.replace('/', '+')));
          console.log(`✓ ${name}: ${names}`);
        } catch (error) {
          failures += 1;
          console.error(`✗ ${name}: ${(error as Error & { stderr?: string }).stderr || String(error)}`);
        }
      }
    };
    await Promise.all(Array.from({ length: availableParallelism() }, work));
    return failures === 0;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1;
