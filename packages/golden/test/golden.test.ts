import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describeBackends } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { tolerances } from '../src/compare.ts';
import { readGoldenFile, readGoldenViews } from '../src/golden-file.ts';
import { runGolden } from '../src/run-golden.ts';

const fixtures = fileURLToPath(new URL('./fixtures', import.meta.url));
const names = readdirSync(fixtures)
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.slice(0, -'.json'.length));

describeBackends('golden values of the authors’ code', () => {
  it.each(names)('%s', { timeout: 300_000 }, async (name) => {
    const views = await readGoldenViews(fixtures);
    const before = tf.memory().numTensors;
    const result = await runGolden(await readGoldenFile(fixtures, name), views);
    // This file's training is unstable: a disturbance of 1e-7 grows to between 0.7e-3 and 4e-3 of the fourth step's
    // loss, and PyTorch in float32 is 1.4e-3 off (test/float32-limit.py). Its other steps are held to the same
    // limits as all files.
    const limit = name === 'pixcon_sr_bottleneck' ? /^step 3: / : /^$/;
    expect(result.failures.filter((failure) => !limit.test(failure))).toEqual([]);
    expect(result.lossError).toBeLessThan(name === 'pixcon_sr_bottleneck' ? 2e-2 : tolerances.losses);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describeBackends('a disagreement', (backend) => {
  it.runIf(backend === 'wasm')('is found: losses, gradients and matches', async () => {
    const views = await readGoldenViews(fixtures);
    const file = await readGoldenFile(fixtures, 'pixcon_sr_bottleneck');
    const swapped = { ...views, geometry: [views.geometry[1], views.geometry[0]] } as const;
    const result = await runGolden(file, swapped);
    expect(result.status).toBe('fail');
    expect(result.failures.join('\n')).toMatch(/loss_dense/);
    expect(result.failures.join('\n')).toMatch(/gradient of/);
  });
});
