import { tensorflowRange } from './versions.ts';

/** One program call. */
export interface Command {
  readonly program: string;
  readonly arguments: readonly string[];
}

/**
 * `pip download` of wheels alone, into `folder`. It runs no package's code and installs nothing.
 *
 * @param requirements for instance `['tensorflow-cpu>=2.21,<2.22']`
 */
export function pipDownload(python: string, requirements: readonly string[], folder: string): Command {
  const options = [
    '--no-deps',
    '--only-binary=:all:',
    '--disable-pip-version-check',
    '--progress-bar',
    'off',
  ];
  return {
    program: python,
    arguments: ['-m', 'pip', 'download', ...options, '--dest', folder, ...requirements],
  };
}

/**
 * The wheel that carries libtensorflow: the one for CUDA is `tensorflow`, the smaller one without is
 * `tensorflow-cpu`, which exists for x64 only.
 */
export function tensorflowRequirement(gpu: boolean, architecture: string): string {
  const name = gpu || architecture !== 'x64' ? 'tensorflow' : 'tensorflow-cpu';
  return `${name}${tensorflowRange}`;
}

/**
 * The CUDA libraries that a `tensorflow` wheel asks for under its extra `and-cuda`, as pip requirements.
 *
 * @param metadata the wheel's `METADATA` file
 * @example
 * cudaRequirements('Requires-Dist: nvidia-cublas-cu12 (==12.5.3.2) ; extra == "and-cuda"'); // => ['nvidia-cublas-cu12==12.5.3.2']
 */
export function cudaRequirements(metadata: string): string[] {
  return metadata
    .split(/\r?\n/)
    .map((line) => /^Requires-Dist:\s*(nvidia-[^;]+);.*extra\s*==\s*['"]and-cuda['"]/i.exec(line)?.[1])
    .filter((requirement) => requirement !== undefined)
    .map((requirement) => requirement.replace(/[\s()]/g, ''));
}
