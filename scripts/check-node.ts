/**
 * Tries other versions of Node than the one at hand, each in a clean copy of the tracked files: `npm ci`, the demo,
 * the unit tests of all packages on cpu and WebAssembly, and where the machine can build it, TensorFlow's add-on and
 * the tests on it. Minutes for each version, and no part of `npm run check`.
 *
 * Usage: npm run check:node -- 22 24 26 [--no-tensorflow]
 */
import { execFile, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { parseArgs, promisify } from 'node:util';

const run = promisify(execFile);
const root = new URL('..', import.meta.url).pathname;

interface Step {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly environment?: Readonly<Record<string, string>>;
}

// Tests in a browser say nothing about Node.
const vitest = [
  'vitest',
  'run',
  '--project=!browser',
  '--reporter=dot',
  '--reporter=json',
  '--outputFile.json=tests.json',
];

const steps: readonly Step[] = [
  { name: 'npm ci', command: ['npm', 'ci', '--no-audit', '--no-fund', '--prefer-offline'] },
  { name: 'demo', command: ['npx', 'pixcon', 'demo', '--epochs', '1', '--backend', 'wasm'] },
  {
    name: 'tests',
    command: ['npx', ...vitest, 'packages/'],
    environment: { PIXCON_TEST_BACKENDS: 'cpu,wasm', PIXCON_REQUIRE_BACKENDS: 'cpu,wasm' },
  },
];

const tensorflowSteps: readonly Step[] = [
  { name: 'install-tensorflow', command: ['npx', 'pixcon', 'install-tensorflow'] },
  {
    name: 'tests on tensorflow',
    command: ['npx', ...vitest, 'packages/ops/', 'packages/backend/'],
    environment: { PIXCON_TEST_BACKENDS: 'tensorflow', PIXCON_REQUIRE_BACKENDS: 'tensorflow' },
  },
];

/** The folder of that Node's binary, from the npm package `node`. */
async function fetchNode(version: string, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "private": true }');
  const quiet = ['--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];
  await run('npm', ['install', '--prefer-offline', ...quiet, `node@${version}`], { cwd: folder });
  // Where its headers lie beside it, for node-gyp; `node/bin` has the binary alone.
  const require = createRequire(join(folder, 'node_modules', 'node', 'package.json'));
  return join(dirname(require.resolve(`node-${process.platform}-${process.arch}/package.json`)), 'bin');
}

/** The files that git tracks, as they are now. */
async function copyTracked(folder: string): Promise<void> {
  const { stdout } = await run('git', ['ls-files', '-z'], { cwd: root, maxBuffer: 2 ** 26 });
  for (const file of stdout.split('\0').filter(Boolean)) await cp(join(root, file), join(folder, file));
}

/** Runs a step with its output in a file. Resolves to whether it passed. */
function perform(step: Step, folder: string, environment: Readonly<Record<string, string>>) {
  const [program, ...words] = step.command;
  return new Promise<{ readonly passed: boolean; readonly output: string }>((resolve) => {
    const child = spawn(program, words, {
      cwd: folder,
      env: { ...process.env, ...environment, ...step.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const add = (chunk: Buffer) => {
      output += chunk;
    };
    child.stdout.on('data', add);
    child.stderr.on('data', add);
    child.on('error', (error) => resolve({ passed: false, output: `${output}\n${error.message}` }));
    child.on('close', (code) => resolve({ passed: code === 0, output }));
  });
}

/** What vitest counted in this step; nothing where the step ran no tests. */
async function takeCounts(folder: string): Promise<string> {
  const path = join(folder, 'tests.json');
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return '';
  await rm(path);
  const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(text) as Record<string, number>;
  return `, ${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped`;
}

async function checkVersion(version: string, withTensorflow: boolean): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), `pixcon-node-${version}-`));
  try {
    const bin = await fetchNode(version, join(folder, 'node'));
    const checkout = join(folder, 'checkout');
    await copyTracked(checkout);
    const environment = {
      PATH: `${bin}${delimiter}${process.env.PATH ?? ''}`,
      PIXCON_HOME: join(folder, 'home'),
      CI: '1',
      NO_COLOR: '1',
    };
    const { stdout } = await run(join(bin, 'node'), ['--version']);
    let passed = true;
    for (const step of withTensorflow ? [...steps, ...tensorflowSteps] : steps) {
      const start = performance.now();
      const result = await perform(step, checkout, environment);
      const seconds = ((performance.now() - start) / 1000).toFixed(0);
      const mark = result.passed ? '✓' : '✗';
      console.log(`${mark} Node ${stdout.trim()}: ${step.name}${await takeCounts(checkout)}, ${seconds} s`);
      if (result.passed) continue;
      console.error(result.output.split('\n').slice(-60).join('\n'));
      passed = false;
      // Nothing runs without its packages.
      if (step === steps[0]) break;
    }
    return passed;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

try {
  const { positionals: versions, values } = parseArgs({
    allowPositionals: true,
    options: { 'no-tensorflow': { type: 'boolean', default: false } },
  });
  const odd = versions.find((version) => !/^\d+(\.\d+){0,2}$/.test(version));
  if (versions.length === 0 || odd !== undefined) {
    throw new Error(
      `expected versions of Node, such as: npm run check:node -- 22 24 26; got ${odd ?? 'none'}`,
    );
  }
  let failures = 0;
  for (const version of versions) if (!(await checkVersion(version, !values['no-tensorflow']))) failures += 1;
  process.exitCode = failures === 0 ? 0 : 1;
} catch (error) {
  process.stderr.write(`check:node: ${(error as Error).message.split('\n', 1)[0]}\n`);
  process.exitCode = 1;
}
