import { beforeAll, describe, it } from 'vitest';
import { isInstalled, start } from './start.ts';

/** A backend that tests can run on. */
export type TestBackend = 'cpu' | 'wasm' | 'tensorflow' | 'webgpu';

export interface DescribeBackendsOptions {
  /** The backends to run on; `cpu`, `wasm` and `tensorflow` by default. */
  readonly backends?: readonly TestBackend[];
}

/**
 * Runs the same tests on several backends: one vitest `describe` for each, which starts its backend first.
 *
 * A backend that is not installed here is skipped aloud: a warning, and the reason in the suite's name. It
 * fails instead where the environment variable `PIXCON_REQUIRE_BACKENDS` (a comma-separated list) names it, so
 * that a build machine cannot pass by missing one.
 *
 * @param name of the group; the backend's name is added
 * @param tests declares the tests; it gets the backend's name
 *
 * @example
 * describeBackends('square', () => {
 *   it('squares', () => expect(tf.square([2, 3])).toBeAllClose([4, 9]));
 * });
 */
export function describeBackends(
  name: string,
  tests: (backend: TestBackend) => void,
  options: DescribeBackendsOptions = {},
): void {
  const { backends = ['cpu', 'wasm', 'tensorflow'] } = options;
  for (const backend of backends) {
    if (isInstalled(backend)) {
      describe(`${name} [${backend}]`, () => {
        beforeAll(() => start(backend));
        tests(backend);
      });
    } else if (requiredBackends().includes(backend)) {
      describe(`${name} [${backend}]`, () => {
        it('has its backend', () => {
          throw new Error(`PIXCON_REQUIRE_BACKENDS names ${backend}, which is not installed on this machine`);
        });
      });
    } else {
      console.warn(`${name}: skipped on ${backend}, which is not installed on this machine`);
      describe.skip(`${name} [${backend}: skipped, not installed on this machine]`, () => tests(backend));
    }
  }
}

function requiredBackends(): string[] {
  return (process.env['PIXCON_REQUIRE_BACKENDS'] ?? '').split(',').map((entry) => entry.trim());
}
