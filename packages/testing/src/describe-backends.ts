import { type BackendName, isBackendAvailable, startBackend } from '@pixcon/backend';
import { afterEach, beforeAll, describe, it } from 'vitest';
import { deviceErrors } from './device-errors.ts';

export interface DescribeBackendsOptions {
  /** The backends to run on; `cpu`, `wasm`, `tensorflow` and `webgpu` by default. */
  readonly backends?: readonly BackendName[];
}

/**
 * Runs the same tests on several backends: one vitest `describe` for each, which starts its backend first.
 *
 * A backend that is not available here is skipped aloud: a warning, and the reason in a suite's name. Where none of
 * them is, nothing would have been tested, and a test fails that says what to install; unless the environment variable
 * `PIXCON_OPTIONAL_BACKENDS` (a comma-separated list) names them all. `PIXCON_REQUIRE_BACKENDS` names those whose
 * absence fails in any case, so that a build machine cannot pass by missing one. Where `PIXCON_TEST_BACKENDS` is set,
 * it names the only ones that are run.
 *
 * @param name of the group; the backend's name is added
 * @param tests declares the tests; it gets the backend's name
 *
 * @example
 * describeBackends('square', () => {
 *   it('squares', async () => await expect(tf.square([2, 3])).toBeAllClose([4, 9]));
 * });
 */
export function describeBackends(
  name: string,
  tests: (backend: BackendName) => void,
  options: DescribeBackendsOptions = {},
): void {
  const { backends = ['cpu', 'wasm', 'tensorflow', 'webgpu'] } = options;
  const only = namesIn('PIXCON_TEST_BACKENDS');
  const chosen = only.length > 0 ? backends.filter((backend) => only.includes(backend)) : backends;
  // A file without any test would be an error.
  if (chosen.length === 0) describe.skip(name, () => it(`runs on ${backends.join(', ')}`));
  for (const backend of chosen) {
    describe(`${name} [${backend}]`, async () => {
      if (await isAvailable(backend)) {
        // One thread of wasm: test runners use all cores already, and threads that wait for each other spin.
        beforeAll(async () => {
          await startBackend(backend, { threads: 1 });
          if (backend === 'webgpu') deviceErrors();
        });
        if (backend === 'webgpu') afterEach(assertNoDeviceErrors);
        tests(backend);
      } else if (namesIn('PIXCON_REQUIRE_BACKENDS').includes(backend)) {
        it('has its backend', () => {
          throw new Error(`PIXCON_REQUIRE_BACKENDS names ${backend}, which is not available here`);
        });
      } else if (backend === chosen[0] && (await nothingRuns(chosen))) {
        it('has a backend', () => {
          throw new Error(
            `${name}: none of ${chosen.join(', ')} is available here, so nothing was tested; run ${remedies[backend]}, or set PIXCON_OPTIONAL_BACKENDS=${chosen.join(',')} to skip`,
          );
        });
      } else {
        console.warn(`${name}: skipped on ${backend}, which is not available here`);
        describe.skip('skipped: the backend is not available here', () => tests(backend));
      }
    });
  }
}

/** A wrong shader or dispatch throws nothing: the device tells later, and results are what they were before. */
function assertNoDeviceErrors(): void {
  const errors = deviceErrors();
  if (errors.length > 0) throw new Error(`WebGPU: ${errors.join('; ')}`);
}

const remedies: Readonly<Record<BackendName, string>> = {
  cpu: 'npm install --save-dev @tensorflow/tfjs-backend-cpu',
  wasm: 'npm install --save-dev @tensorflow/tfjs-backend-wasm',
  tensorflow: 'npx pixcon install-tensorflow',
  'tensorflow-gpu': 'npx pixcon install-tensorflow --gpu',
  webgpu: 'npm install --save-dev webgpu @tensorflow/tfjs-backend-webgpu',
};

const available: Partial<Record<BackendName, Promise<boolean>>> = {};

/** Asked once: asking for WebGPU takes a process of its own. */
function isAvailable(backend: BackendName): Promise<boolean> {
  available[backend] ??= isBackendAvailable(backend);
  return available[backend];
}

async function nothingRuns(chosen: readonly BackendName[]): Promise<boolean> {
  const optional = namesIn('PIXCON_OPTIONAL_BACKENDS');
  if (chosen.every((backend) => optional.includes(backend))) return false;
  const found = await Promise.all(chosen.map(isAvailable));
  return !found.includes(true);
}

function namesIn(variable: string): string[] {
  const names = typeof process === 'object' ? (process.env[variable] ?? '') : '';
  return names
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
