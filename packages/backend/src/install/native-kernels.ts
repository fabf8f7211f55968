import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { nativeKernelFlags, nativeKernelSources, nativeKernelsPath } from '../native-kernels.ts';
import { runCommand } from './run-command.ts';

/**
 * Compiles pixcon's kernels for the installation under `root`, tests them, and puts them into it; does nothing where
 * they are there. A running process does not notice, since the file appears by a rename and under a name of its own.
 * An installation is whole without them: what fails is logged.
 */
export async function installNativeKernels(root: string, log: (line: string) => void): Promise<void> {
  try {
    await install(root, log);
  } catch (error) {
    log(
      `TensorFlow stays without the kernels of pixcon, which make steps faster: ${(error as Error).message}`,
    );
  }
}

async function install(root: string, log: (line: string) => void): Promise<void> {
  const directory = join(root, 'node_modules', '@tensorflow', 'tfjs-node');
  const path = await nativeKernelsPath(directory);
  if (path === undefined || existsSync(path)) return;
  log('Compiling the kernels of pixcon (a few seconds)');
  const libraries = dirname(path);
  // Of runs that were killed: only one at a time is here.
  for (const name of readdirSync(libraries).filter((entry) => entry.startsWith('.kernels-'))) {
    rmSync(join(libraries, name), { recursive: true, force: true });
  }
  const temporary = mkdtempSync(join(libraries, '.kernels-'));
  try {
    // As deep as it will lie, so that it finds the library beside it from either place.
    const made = join(temporary, basename(path));
    await compile(made, libraries);
    await test(directory, made);
    renameSync(made, path);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

async function compile(output: string, libraries: string): Promise<void> {
  const sources = (await nativeKernelSources()).filter((path) => path.endsWith('.cc'));
  const library = readdirSync(libraries).find((name) => /^libtensorflow_framework\.so\.\d+$/.test(name));
  const link = [`-L${libraries}`, `-l:${library}`, '-Wl,-rpath,$ORIGIN:$ORIGIN/..'];
  await runCommand(
    'compiling the kernels of pixcon',
    { program: 'g++', arguments: [...nativeKernelFlags, '-o', output, ...sources, ...link] },
    { directory: libraries },
  );
}

/** Normalizes 1, 2, 3, 4 in a process of its own. */
async function test(directory: string, path: string): Promise<void> {
  const script = `
    const util = require('node:util');
    util.isNullOrUndefined ??= (value) => value == null;
    const tf = require(process.argv[1]);
    require(process.argv[2]);
    const backend = tf.backend();
    const { TF_ATTR_FLOAT, TF_ATTR_BOOL } = backend.binding;
    const attributes = [
      ...['epsilon', 'momentum'].map((name) => ({ name, type: TF_ATTR_FLOAT, value: 0.25 })),
      ...['has_scale', 'has_offset', 'has_residual', 'relu'].map((name) => ({ name, type: TF_ATTR_BOOL, value: true })),
    ];
    const x = tf.tensor2d([1, 2, 3, 4], [4, 1]);
    const one = tf.ones([1]);
    const inputs = [x, one, one, one, one, x];
    const results = backend.executeMultipleOutputs('PixconBatchNormalization', attributes, inputs, 4);
    const found = results.flatMap((result) => [...result.dataSync()]).map((value) => value.toFixed(4)).join();
    const expected = '0.7753,2.5918,4.4082,6.2247,1.3750,1.1667,2.5000,0.8165';
    if (found !== expected) throw new Error('wrong values ' + found);`;
  await runCommand(
    'the test of the kernels of pixcon',
    { program: process.execPath, arguments: ['-e', script, directory, path] },
    {
      directory,
      environment: { TF_CPP_MIN_LOG_LEVEL: '2', CUDA_VISIBLE_DEVICES: '', NODE_OPTIONS: undefined },
    },
  );
}
