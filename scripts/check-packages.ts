/**
 * Proves that what is published works: packs every package, looks at what the tarballs hold, installs each package
 * beside nothing but what it declares, and has its build compute something under plain Node; then installs exactly
 * what the `npm install` line of each README names, and runs the README's programs as they are written.
 *
 * All projects are installed at once, each with links to its own packages and no others (npm's `linked` strategy):
 * what a package does not declare, it cannot import.
 *
 * Usage: tsx scripts/check-packages.ts [package …] [--examples]
 *   --examples: each example too, copied out of this repository, a few steps of it; half a minute more
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import {
  aloneProject,
  docsProject,
  exampleProject,
  type Project,
  readmeProject,
  testedVersions,
} from './packages/make-projects.ts';
import { type Packed, packPackages, root } from './packages/pack-packages.ts';
import { tarballFaults } from './packages/tarball-faults.ts';
import { useSoftwareAdapter } from './software-adapter.ts';

const run = promisify(execFile);
/** Several programs run at once, each as if it had one core: threads that wait for each other spin. */
const oneCore = `--import=${new URL('./packages/one-core.js', import.meta.url)}`;
/** Of backends, as a reader has none; and of how long examples train. */
const noChoice = { PIXCON_TEST_BACKENDS: '', PIXCON_REQUIRE_BACKENDS: '', STEPS: '2' };

async function makeProjects(
  packed: ReadonlyMap<string, Packed>,
  asked: readonly string[],
  withExamples: boolean,
  parent: string,
): Promise<Project[]> {
  const versions = await testedVersions();
  const chosen = [...packed.values()].filter(
    ({ manifest }) => asked.length === 0 || asked.includes(manifest.name),
  );
  const projects = chosen.flatMap((entry) => [
    aloneProject(entry, packed, versions, parent),
    readmeProject(entry.manifest.name, join(entry.folder, 'README.md'), packed, versions, parent),
  ]);
  if (asked.length === 0) {
    projects.push(readmeProject('root', join(root, 'README.md'), packed, versions, parent));
    projects.push(docsProject(packed, parent));
  }
  if (withExamples) {
    const examples = await readdir(join(root, 'examples'));
    projects.push(...examples.map((example) => exampleProject(example, packed, parent)));
  }
  return await Promise.all(projects);
}

async function install(packed: ReadonlyMap<string, Packed>, folder: string): Promise<void> {
  // Siblings are not in a registry yet: their tarballs stand in for it.
  const overrides = Object.fromEntries([...packed].map(([name, { tarball }]) => [name, `file:${tarball}`]));
  const manifest = { name: 'projects', private: true, workspaces: ['projects/*'], overrides };
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--no-progress', '--loglevel=error'];
  await run('npm', ['install', '--ignore-scripts', '--install-strategy=linked', ...quiet], { cwd: folder });
}

/** Checks the types of the READMEs' programs, and makes JavaScript of them. */
async function compile(folder: string): Promise<string> {
  const compilerOptions = {
    ...{ target: 'es2022', lib: ['es2023', 'dom'], module: 'nodenext', strict: true, skipLibCheck: true },
    ...{ types: ['node'], typeRoots: [join(root, 'node_modules', '@types')] },
  };
  const include = ['projects/*/snippet-*.ts'];
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include }));
  const tsc = join(root, 'node_modules', '.bin', 'tsc');
  return await run(tsc, ['-p', folder], { cwd: folder }).then(
    () => '',
    (error: { stdout: string }) => error.stdout,
  );
}

async function runPrograms({ folder, programs }: Project): Promise<string> {
  const lines: string[] = [];
  for (const [program, ...words] of programs) {
    // A TensorFlow that this machine happens to have is none of what was installed here.
    const env = {
      ...process.env,
      NODE_OPTIONS: oneCore,
      NO_COLOR: '1',
      PIXCON_HOME: join(folder, 'home'),
      ...noChoice,
    };
    const { stdout } = await run(program, words, { cwd: folder, env, timeout: 900_000 });
    lines.push(stdout.trim().split('\n')[0] as string);
  }
  return lines[0] ?? '';
}

async function main(asked: readonly string[], withExamples: boolean): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'pixcon-packages-'));
  let failures = 0;
  const tell = (name: string, fault: string | undefined, passed = '') => {
    if (fault !== undefined) failures += 1;
    if (fault === undefined) console.log(`✓ ${name}${passed && `: ${passed}`}`);
    else console.error(`✗ ${name}: ${fault}`);
  };
  try {
    useSoftwareAdapter();
    const packed = await packPackages(folder);
    for (const [name, entry] of packed) {
      const faults = await tarballFaults(entry);
      for (const fault of faults) tell(`${name} tarball`, fault);
    }
    const projects = await makeProjects(packed, asked, withExamples, join(folder, 'projects'));
    for (const { name, faults } of projects) for (const fault of faults) tell(name, fault);
    await install(packed, folder);
    const errors = await compile(folder);
    if (errors) tell('types of READMEs', errors);
    const queue = [...projects];
    const work = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const { name } = next;
        const begin = performance.now();
        const seconds = () => `${((performance.now() - begin) / 1000).toFixed(1)} s`;
        await runPrograms(next).then(
          (line) => tell(name, undefined, `${seconds()} ${line}`.trim()),
          (error: Error & { stderr?: string; stdout?: string }) =>
            tell(name, `${error.stderr || error.stdout || error.message}`),
        );
      }
    };
    await Promise.all(Array.from({ length: availableParallelism() }, work));
    console.log(`${packed.size} packages, ${projects.length} projects, ${failures} faults`);
    return failures === 0;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const start = performance.now();
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { examples: { type: 'boolean', default: false } },
});
process.exitCode = (await main(positionals, values.examples)) ? 0 : 1;
console.log(`${((performance.now() - start) / 1000).toFixed(0)} s`);
