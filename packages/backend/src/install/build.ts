import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { PixconError } from '@pixcon/core';
import { manifestName } from '../find-tensorflow.ts';
import { cudaRequirements, pipDownload, tensorflowRequirement } from './commands.ts';
import { cudaExtractions, extractWheel, tensorflowExtractions } from './extract.ts';
import { folderSize, megabytes } from './folder-size.ts';
import { installNativeKernels } from './native-kernels.ts';
import { runCommand } from './run-command.ts';
import { type SmokeTest, smokeTest } from './smoke-test.ts';
import { trimInstallation } from './trim.ts';
import { tfjsNodeVersion } from './versions.ts';

export interface BuildOptions {
  readonly gpu: boolean;
  readonly python: string;
  readonly log: (line: string) => void;
}

/**
 * Makes a complete, tested and trimmed installation in the empty folder `root`.
 *
 * @throws PixconError `backend-unavailable` when a step fails
 */
export async function buildTensorflow(root: string, options: BuildOptions): Promise<SmokeTest> {
  const { gpu, log } = options;
  const directory = join(root, 'node_modules', '@tensorflow', 'tfjs-node');
  const dependencies = join(directory, 'deps');
  log(`Installing @tensorflow/tfjs-node ${tfjsNodeVersion}`);
  await npmInstall(root);
  await fetchLibraries(root, dependencies, options);

  log('Building the native addon (about half a minute)');
  for (const name of ['libtensorflow.so', 'libtensorflow_framework.so']) {
    const real = name === 'libtensorflow.so' ? 'libtensorflow_cc.so.2' : `${name}.2`;
    symlinkSync(real, join(dependencies, 'lib', name));
  }
  await runCommand(
    'building the native addon',
    { program: 'npm', arguments: ['run', '--silent', 'build-binding'] },
    { directory: root, environment: npmEnvironment() },
  );
  trimInstallation(root);

  log('Testing it');
  const tested = await smokeTest(root);
  await installNativeKernels(root, log);
  const manifest = { tensorflow: tested.version, tfjsNode: tfjsNodeVersion, gpu };
  writeFileSync(join(root, manifestName), `${JSON.stringify(manifest, null, 2)}\n`);
  return tested;
}

async function npmInstall(root: string): Promise<void> {
  const project = {
    name: 'pixcon-tensorflow',
    private: true,
    dependencies: { '@tensorflow/tfjs-node': tfjsNodeVersion },
    scripts: {
      // Through a script of npm, which hands node-pre-gyp its own node-gyp.
      'build-binding':
        'cd node_modules/@tensorflow/tfjs-node && node-pre-gyp install --build-from-source --update-binary',
    },
  };
  writeFileSync(join(root, 'package.json'), `${JSON.stringify(project, null, 2)}\n`);
  // Its own install script always tries a download from a host that closed networks cannot reach.
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];
  await runCommand(
    'npm install @tensorflow/tfjs-node',
    { program: 'npm', arguments: ['install', ...flags] },
    { directory: root, environment: npmEnvironment() },
  );
}

async function fetchLibraries(root: string, dependencies: string, options: BuildOptions): Promise<void> {
  const { gpu, python, log } = options;
  const requirement = tensorflowRequirement(gpu, process.arch);
  const [wheel] = await download(root, [requirement], options);
  if (wheel === undefined)
    throw new PixconError('backend-unavailable', `installTensorflow: no wheel of ${requirement}`);
  log('Unpacking its libraries and headers');
  const extract = extractWheel(python, wheel, tensorflowExtractions(dependencies));
  const metadata = await runCommand('unpacking the wheel', extract, { directory: root });
  rmSync(dirname(wheel), { recursive: true });
  if (!gpu) return;
  for (const cudaWheel of await download(root, cudaRequirements(metadata), options)) {
    const unpack = extractWheel(python, cudaWheel, cudaExtractions(dependencies));
    await runCommand('unpacking a CUDA wheel', unpack, { directory: root });
    rmSync(cudaWheel);
  }
}

/** Downloads wheels and returns their paths. */
async function download(
  root: string,
  requirements: readonly string[],
  options: BuildOptions,
): Promise<string[]> {
  const { python, log } = options;
  if (requirements.length === 0) return [];
  // In here as well: /tmp is often a small memory disk.
  const temporary = join(root, 'tmp');
  const folder = join(root, 'wheels');
  for (const path of [temporary, folder]) mkdirSync(path, { recursive: true });
  log(`Downloading ${requirements.join(', ')}`);
  const progress = setInterval(() => {
    const bytes = folderSize(temporary) + folderSize(folder);
    if (bytes > 0) log(`  ${megabytes(bytes)}`);
  }, 5000);
  try {
    await runCommand('pip download', pipDownload(python, requirements, folder), {
      directory: root,
      environment: { TMPDIR: temporary },
    });
  } finally {
    clearInterval(progress);
  }
  rmSync(temporary, { recursive: true, force: true });
  const wheels = readdirSync(folder).map((name) => join(folder, name));
  log(`  ${megabytes(folderSize(folder))}, done`);
  return wheels;
}

/** The environment for npm, without what an npm or npx around this process says about another project. */
function npmEnvironment(): Record<string, string | undefined> {
  const environment: Record<string, string | undefined> = {};
  for (const key of Object.keys(process.env)) {
    if (/^npm_config_(workspaces?|global|prefix|local_prefix|dry_run|package|call|node_gyp)$/i.test(key)) {
      environment[key] = undefined;
    }
  }
  const bin = dirname(process.execPath);
  // Last: it is for programs that were started by Node's full path.
  environment.PATH = `${process.env.PATH ?? ''}${delimiter}${bin}`;
  // Node's own headers, where they lie beside it, spare node-gyp a download.
  const prefix = dirname(bin);
  if (!process.env.npm_config_nodedir && existsSync(join(prefix, 'include', 'node', 'node_api.h'))) {
    environment.npm_config_nodedir = prefix;
  }
  return environment;
}
