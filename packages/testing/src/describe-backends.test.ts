import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BackendName } from '@pixcon/backend';
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
    const write = (file: string, backends: readonly BackendName[]) =>
      writeFile(
        join(folder, `${file}.test.ts`),
        `import { expect, it } from 'vitest';
import { describeBackends } from ${JSON.stringify(index)};
describeBackends('${file}', () => {
  it('passes', () => expect(1).toBe(1));
}, { backends: ${JSON.stringify(backends)} });
`,
      );
    await write('some', ['cpu', 'tensorflow']);
    await write('none', ['tensorflow']);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  function run(settings: Readonly<Record<string, string>>): Promise<{ code: number; output: string }> {
    const vitest = join(createRequire(import.meta.url).resolve('vitest/package.json'), '..', 'vitest.mjs');
    const places = { PIXCON_HOME: folder, HOME: folder, XDG_CACHE_HOME: folder };
    const unset = { PIXCON_TEST_BACKENDS: '', PIXCON_REQUIRE_BACKENDS: '', PIXCON_OPTIONAL_BACKENDS: '' };
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        [vitest, 'run', '--root', root, '--reporter', 'verbose', folder],
        { cwd: root, env: { ...process.env, ...places, ...unset, ...settings, NO_COLOR: '1' } },
        (error, stdout, stderr) =>
          resolve({ code: error ? Number(error.code) : 0, output: `${stdout}\n${stderr}` }),
      );
    });
  }

  it('skips aloud where another is there, and fails where none is, saying what to install', async () => {
    const { code, output } = await run({});
    expect(output).toContain('some: skipped on tensorflow, which is not available here');
    expect(output).toContain('skipped: the backend is not available here');
    expect(output).toContain(
      'none: none of tensorflow is available here, so nothing was tested; run npx pixcon install-tensorflow, or set PIXCON_OPTIONAL_BACKENDS=tensorflow to skip',
    );
    expect(output).toMatch(/1 failed \| 1 passed \| 1 skipped/);
    expect(code).toBe(1);
  });

  it('skips where all that are asked for may be absent', async () => {
    const { code, output } = await run({ PIXCON_OPTIONAL_BACKENDS: 'webgpu, tensorflow' });
    expect(output).toContain('none: skipped on tensorflow, which is not available here');
    expect(output).toMatch(/1 passed \| 2 skipped/);
    expect(code).toBe(0);
  });

  it('fails where PIXCON_REQUIRE_BACKENDS names it', async () => {
    const { code, output } = await run({ PIXCON_REQUIRE_BACKENDS: 'wasm, tensorflow' });
    expect(output).toContain('PIXCON_REQUIRE_BACKENDS names tensorflow, which is not available here');
    expect(code).toBe(1);
  });
});
