/**
 * Proves that each published package installs and works alone: packs all of them, installs each, with nothing
 * but what it declares, in an empty project, and imports its build under plain Node.
 *
 * Usage: tsx scripts/check-packages.ts [package …]
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = new URL('..', import.meta.url).pathname;

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

interface Packed {
  readonly manifest: Manifest;
  readonly tarball: string;
}

/**
 * One line of JavaScript per package, whose value must be true. Alone, a package has no backend: nothing here
 * computes with tensors.
 */
const smoke: Readonly<Record<string, string>> = {
  '@pixcon/augment':
    'api.sampleTwoCrops(64, 48, new (await import("@pixcon/core")).RandomStream(0)).length === 2',
  '@pixcon/backbones': 'api.resnet18().channels === 512',
  '@pixcon/backend': 'api.backendNames.includes("wasm") && typeof api.startBackend === "function"',
  '@pixcon/checkpoints': 'api.encodeSafetensors(new Map()).byteLength > 0',
  '@pixcon/core': 'new api.RandomStream(1).uniform() === new api.RandomStream(1).uniform()',
  '@pixcon/datasets': 'typeof api.imageFolder === "function"',
  '@pixcon/evaluation': 'api.segmentationScores([0, 1], [0, 1], 2).meanIoU === 1',
  '@pixcon/heads': 'typeof api.projectionHead === "function"',
  '@pixcon/losses': 'Math.abs(api.chanceLevel(1) - Math.log(2)) < 1e-12',
  '@pixcon/matching': 'typeof api.semanticReweighting(api.similarityMatching()) === "function"',
  '@pixcon/methods': 'typeof api.pixcon === "function"',
  '@pixcon/ops': 'typeof api.l2Normalize === "function"',
  '@pixcon/optimizers': 'api.sgd().name === "sgd"',
  '@pixcon/queues': 'api.recommendedQueueLength(1e6, 512) === 65_536',
  '@pixcon/schedules': 'api.constant(3)(7) === 3',
  '@pixcon/testing': 'typeof api.checkGradients === "function"',
  '@pixcon/trainer': 'typeof api.pretrain === "function"',
  pixcon: 'typeof api.pretrain === "function" && api.resnet50().channels === 2048',
};

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

async function checkAlone(
  { manifest }: Packed,
  packed: ReadonlyMap<string, Packed>,
  folder: string,
): Promise<string> {
  const { name, bin = {} } = manifest;
  // Siblings are not in a registry yet: their tarballs stand in for it, for this package's closure only.
  const siblings = [...closure(name, packed)].map((sibling) => [
    sibling,
    `file:${(packed.get(sibling) as Packed).tarball}`,
  ]);
  const project = {
    name: 'alone',
    private: true,
    type: 'module',
    dependencies: Object.fromEntries(siblings),
  };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify(project));
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--no-progress', '--loglevel=error'];
  await run('npm', ['install', '--ignore-scripts', ...quiet], { cwd: folder });
  const test = `
    const api = await import(${JSON.stringify(name)});
    const names = Object.keys(api);
    if (names.length === 0) throw new Error('exports nothing');
    if (!(${smoke[name]})) throw new Error(${JSON.stringify(`false: ${smoke[name]}`)});
    console.log(names.length);
    process.exit(0);`;
  const { stdout } = await run('node', ['--input-type=module', '--eval', test], { cwd: folder });
  for (const command of Object.keys(bin)) {
    await run('node', [join(folder, 'node_modules', '.bin', command), '--help'], { cwd: folder });
  }
  return `${stdout.trim()} names`;
}

async function main(asked: readonly string[]): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'pixcon-alone-'));
  try {
    const packed = await pack(await readManifests(), folder);
    const queue = [...packed.values()].filter(
      ({ manifest }) => asked.length === 0 || asked.includes(manifest.name),
    );
    let failures = 0;
    const work = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const { name } = next.manifest;
        try {
          console.log(`✓ ${name}: ${await checkAlone(next, packed, join(folder, name.replace('/', '+')))}`);
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
