import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeBackends } from './describe-backends.ts';

describeBackends('describeBackends', (backend) => {
  it('runs on the backend it names', () => expect(tf.getBackend()).toBe(backend));
});

describe('describeBackends without the backend', () => {
  // A run of its own, in which no TensorFlow is to be found.
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(fileURLToPath(new URL('.missing-backend-', import.meta.url)));
    const index = fileURLToPath(new URL('./index.ts', import.meta.url));
    await writeFile(
      join(folder, 'inner.test.ts'),
      `import { expect, it } from 'vitest';
import { describeBackends } from ${JSON.stringify(index)};
describeBackends('inner', () => {
  it('passes', () => expect(1).toBe(1));
}, { backends: ['cpu', 'tensorflow'] });
`,
    );
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  function run(required: string): Promise<{ code: number; output: string }> {
    const vitest = join(createRequire(import.meta.url).resolve('vitest/package.json'), '..', 'vitest.mjs');
    const environment = { ...process.env, PIXCON_HOME: folder, HOME: folder, XDG_CACHE_HOME: folder };
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        [vitest, 'run', '--root', root, '--reporter', 'verbose', join(folder, 'inner.test.ts')],
        { cwd: root, env: { ...environment, PIXCON_REQUIRE_BACKENDS: required, NO_COLOR: '1' } },
        (error, stdout, stderr) =>
          resolve({ code: error ? Number(error.code) : 0, output: `${stdout}\n${stderr}` }),
      );
    });
  }

  it('skips aloud', async () => {
    const { code, output } = await run('');
    expect(output).toContain('inner: skipped on tensorflow, which is not available here');
    expect(output).toContain('skipped: the backend is not available here');
    expect(output).toMatch(/1 passed \| 1 skipped/);
    expect(code).toBe(0);
  });

  it('fails where PIXCON_REQUIRE_BACKENDS names it', async () => {
    const { code, output } = await run('wasm, tensorflow');
    expect(output).toContain('PIXCON_REQUIRE_BACKENDS names tensorflow, which is not available here');
    expect(code).toBe(1);
  });
});
