import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { closure, type Manifest, type Packed, root } from './pack-packages.ts';
import { packageCalls } from './package-calls.ts';
import { importedPackages, readmeFaults, readReadme } from './read-readme.ts';
import { smaller, writeInputs } from './snippet-inputs.ts';

/** An npm project with programs to run in it. */
export interface Project {
  readonly name: string;
  readonly folder: string;
  /** Commands. */
  readonly programs: readonly (readonly [string, ...string[]])[];
  /** What was wrong before anything ran. */
  readonly faults: readonly string[];
}

const run = promisify(execFile);

type Versions = Readonly<Record<string, string>>;
const core = '@tensorflow/tfjs-core';
const backend = '@tensorflow/tfjs-backend-cpu';

/** The versions of packages from outside that this repository is tested with. */
export async function testedVersions(): Promise<Versions> {
  const { devDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  return devDependencies;
}

async function writeProject(folder: string, name: string, dependencies: Versions): Promise<void> {
  await mkdir(folder, { recursive: true });
  const manifest = { name, private: true, type: 'module', dependencies };
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
}

/** With what a package declares and nothing else, the `cpu` backend excepted: its call of `package-calls.ts`. */
export async function aloneProject(
  { manifest }: Packed,
  packed: ReadonlyMap<string, Packed>,
  versions: Versions,
  parent: string,
): Promise<Project> {
  const { name, dependencies, peerDependencies = {}, peerDependenciesMeta = {} } = manifest;
  const peers = Object.keys(peerDependencies).filter((peer) => !peerDependenciesMeta[peer]?.optional);
  const outside = {
    ...dependencies,
    ...Object.fromEntries(peers.map((peer) => [peer, versions[peer] ?? '*'])),
  };
  // Only beside tfjs-core that was declared.
  const hasTensors = core in outside;
  const folder = join(parent, `alone-${name.replace('/', '-').replace('@', '')}`);
  await writeProject(folder, basename(folder), {
    ...outside,
    ...Object.fromEntries([...closure(name, packed)].map((sibling) => [sibling, tarballOf(sibling, packed)])),
    ...(hasTensors ? { [backend]: versions[backend] as string } : {}),
  });
  await writeInputs(folder);
  await writeFile(join(folder, 'program.js'), programOf(name, hasTensors));
  return { name: `${name} alone`, folder, programs: [['node', 'program.js']], faults: [] };
}

/** With what the `npm install` line of a README names: its programs. */
export async function readmeProject(
  name: string,
  path: string,
  packed: ReadonlyMap<string, Packed>,
  versions: Versions,
  parent: string,
): Promise<Project> {
  const readme = readReadme(await readFile(path, 'utf8'));
  const names = [...readme.install.keys()];
  const siblings = names.flatMap((each) => [...closure(each, packed)]);
  const provided = new Set([
    ...names,
    ...siblings.flatMap((each) => Object.keys(packed.get(each)?.manifest.dependencies ?? {})),
  ]);
  const faults = readmeFaults(readme, (each) => provided.has(each));
  const folder = join(parent, `readme-${name.replace('/', '-').replace('@', '')}`);
  const dependencies = names.map((each) => [
    each,
    packed.has(each) ? tarballOf(each, packed) : (readme.install.get(each) ?? versions[each] ?? '*'),
  ]);
  await writeProject(folder, basename(folder), Object.fromEntries(dependencies));
  await writeInputs(folder);
  const programs = await Promise.all(
    readme.snippets.map(async (code, index): Promise<[string, ...string[]]> => {
      const isTest = /from 'vitest'/.test(code);
      const file = `snippet-${index}${isTest ? '.test' : ''}`;
      const shown = smaller.reduce((text, [from, to]) => text.replace(from, to), code);
      await writeFile(join(folder, `${file}.ts`), `${shown}\nexport {};\n`);
      return isTest ? ['npx', 'vitest', 'run', `${file}.js`] : ['node', `${file}.js`];
    }),
  );
  return { name: `${name} README`, folder, programs, faults };
}

/** The programs of pages that take everything from `pixcon`, for their types: they train for days. */
export async function docsProject(packed: ReadonlyMap<string, Packed>, parent: string): Promise<Project> {
  const folder = join(parent, 'docs-methods');
  await writeProject(folder, basename(folder), { pixcon: tarballOf('pixcon', packed) });
  const pages = join(root, 'docs', 'methods');
  const faults: string[] = [];
  for (const page of (await readdir(pages)).filter((name) => name.endsWith('.md'))) {
    const { snippets } = readReadme(await readFile(join(pages, page), 'utf8'));
    for (const [index, code] of snippets.entries()) {
      await writeFile(join(folder, `snippet-${index}-${page}.ts`), `${code}\nexport {};\n`);
      for (const name of importedPackages(code).filter((each) => each !== 'pixcon'))
        faults.push(`${page} imports ${name} beside pixcon`);
    }
  }
  return { name: 'docs/methods', folder, programs: [], faults };
}

/** A copy of an example's files, outside of the repository. */
export async function exampleProject(
  example: string,
  packed: ReadonlyMap<string, Packed>,
  parent: string,
): Promise<Project> {
  const folder = join(parent, `example-${example}`);
  const from = join(root, 'examples', example);
  const { stdout } = await run('git', ['ls-files', '-z'], { cwd: from });
  for (const file of stdout.split('\0').filter(Boolean)) await cp(join(from, file), join(folder, file));
  const path = join(folder, 'package.json');
  const manifest = JSON.parse(await readFile(path, 'utf8')) as Manifest & { scripts: Versions };
  const replaced = (versions: Versions = {}) =>
    Object.fromEntries(
      Object.entries(versions).map(([name, version]) => [
        name,
        packed.has(name) ? tarballOf(name, packed) : version,
      ]),
    );
  const { dependencies, devDependencies } = manifest;
  const standing = { dependencies: replaced(dependencies), devDependencies: replaced(devDependencies) };
  await writeFile(path, JSON.stringify({ ...manifest, ...standing }));
  // A page has no end: what there is to run is its bundle.
  const script = 'build' in manifest.scripts ? 'build' : 'start';
  return { name: `example ${example}`, folder, programs: [['npm', 'run', script]], faults: [] };
}

function tarballOf(name: string, packed: ReadonlyMap<string, Packed>): string {
  return `file:${packed.get(name)?.tarball}`;
}

/** The program that a package must pass in the project where it is alone. */
function programOf(name: string, hasTensors: boolean): string {
  const calls = packageCalls[name];
  if (calls === undefined) throw new Error(`scripts/packages/package-calls.ts has nothing for ${name}`);
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
    console.log(Object.keys(api).length + ' names');
    process.exit(0);`;
}
