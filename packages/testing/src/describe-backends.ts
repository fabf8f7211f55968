import { type BackendName, isBackendAvailable, startBackend } from '@pixcon/backend';
import { beforeAll, describe, it } from 'vitest';

export interface DescribeBackendsOptions {
  /** The backends to run on; `cpu`, `wasm`, `tensorflow` and `webgpu` by default. */
  readonly backends?: readonly BackendName[];
}

/**
 * Runs the same tests on several backends: one vitest `describe` for each, which starts its backend first.
 *
 * A backend that is not available here is skipped aloud: a warning, and the reason in a suite's name. It
 * fails instead where the environment variable `PIXCON_REQUIRE_BACKENDS` (a comma-separated list) names it, so
 * that a build machine cannot pass by missing one.
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
  for (const backend of backends) {
    describe(`${name} [${backend}]`, async () => {
      if (await isBackendAvailable(backend)) {
        // One thread of wasm: test runners use all cores already, and threads that wait for each other spin.
        beforeAll(async () => void (await startBackend(backend, { threads: 1 })));
        tests(backend);
      } else if (requiredBackends().includes(backend)) {
        it('has its backend', () => {
          throw new Error(`PIXCON_REQUIRE_BACKENDS names ${backend}, which is not available here`);
        });
      } else {
        console.warn(`${name}: skipped on ${backend}, which is not available here`);
        describe.skip('skipped: the backend is not available here', () => tests(backend));
      }
    });
  }
}

function requiredBackends(): string[] {
  return (process.env.PIXCON_REQUIRE_BACKENDS ?? '').split(',').map((entry) => entry.trim());
}
