import { spawnSync } from 'node:child_process';
import { PixconError } from '@pixcon/core';

interface Tool {
  readonly name: string;
  readonly program: string;
  readonly arguments: readonly string[];
  /** Debian's package. */
  readonly package: string;
}

/**
 * Throws unless everything that downloading and building takes can be run.
 *
 * @param python the interpreter whose pip is used
 * @throws PixconError `backend-unavailable` naming what is missing and how to get it
 */
export function assertTools(python: string, environment: NodeJS.ProcessEnv = process.env): void {
  const missing = tools(python).filter(({ program, arguments: list }) => {
    return spawnSync(program, list, { env: environment, timeout: 60_000 }).status !== 0;
  });
  if (missing.length === 0) return;
  const names = missing.map(({ name }) => name).join(', ');
  const packages = missing.map((tool) => tool.package).join(' ');
  throw new PixconError(
    'backend-unavailable',
    `installTensorflow: ${names} ${missing.length === 1 ? 'is' : 'are'} needed and cannot be run here; install with: apt-get install -y ${packages}`,
  );
}

/**
 * Throws on systems for which TensorFlow's wheels hold no library that tfjs-node can be built on.
 *
 * @throws PixconError `backend-unavailable`
 */
export function assertPlatform(
  platform: string = process.platform,
  architecture: string = process.arch,
): void {
  if (platform === 'linux' && (architecture === 'x64' || architecture === 'arm64')) return;
  throw new PixconError(
    'backend-unavailable',
    `installTensorflow: Linux on x64 or arm64 is supported, this is ${platform} on ${architecture}; run "npm install @tensorflow/tfjs-node" in your project, which brings its own library, or use the 'wasm' backend`,
  );
}

function tools(python: string): Tool[] {
  const version = ['--version'];
  return [
    { name: python, program: python, arguments: version, package: 'python3' },
    { name: 'pip', program: python, arguments: ['-m', 'pip', ...version], package: 'python3-pip' },
    { name: 'make', program: 'make', arguments: version, package: 'make' },
    { name: 'g++', program: 'g++', arguments: version, package: 'g++' },
    { name: 'npm', program: 'npm', arguments: version, package: 'npm' },
  ];
}
