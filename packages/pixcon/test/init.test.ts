import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBackend } from '@pixcon/backend';
import { type EncodableTensor, encodeSafetensors, encodeTorch, parametersToFile } from '@pixcon/checkpoints';
import { ParameterSet, RandomStream } from '@pixcon/core';
import { extendExpect } from '@pixcon/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildMethod } from '../src/build-method.ts';
import { openRun } from '../src/open-run.ts';
import { resolveRunConfig } from '../src/run-config.ts';
import { writePhotos } from './photos.ts';
import { spawnCli } from './spawn-cli.ts';

extendExpect();

let folder: string;
let photos: string;
let settings: string;
let weights: ReadonlyMap<string, EncodableTensor>;

const tiny = { planes: [4, 4, 8, 8], hidden: 16, dim: 8, outputStride: 8, imageSize: 32, batchSize: 4 };

beforeAll(async () => {
  await startBackend('wasm');
  folder = await mkdtemp(join(tmpdir(), 'pixcon-init-'));
  photos = join(folder, 'photos');
  await writePhotos(photos, 8);
  settings = join(folder, 'tiny.json');
  await writeFile(settings, JSON.stringify({ ...tiny, epochs: 1, backend: 'wasm', learningRate: 1e-12 }));
  const { backbone } = buildMethod(resolveRunConfig(tiny, 'test'));
  const parameters = ParameterSet.create(backbone.parameters, new RandomStream(77));
  weights = await parametersToFile(parameters);
  parameters.dispose();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const convolution = 'layer3.1.conv2.weight';

describe('pixcon pretrain --init', () => {
  it.each([
    ['safetensors', 'w.safetensors', () => encodeSafetensors(weights)],
    ['.pth', 'w.pth', () => encodeTorch(weights)],
  ])('begins both encoders with a %s file', async (format, name, encode) => {
    const file = join(folder, name);
    await writeFile(file, encode());
    const out = join(folder, `run-${format}`);
    const { code, stderr } = await spawnCli([
      'pretrain',
      photos,
      '--config',
      settings,
      '--out',
      out,
      '--init',
      file,
    ]);
    expect(stderr).toContain(`took ${weights.size} tensors of resnet18 from ${file}`);
    expect(code).toBe(0);

    const run = await openRun(out);
    const untrained = run.untrained();
    const trained = await run.trained();
    const expected = weights.get(convolution)?.data;
    for (const [state, tolerance] of [
      [untrained, 0],
      [trained.state, 1e-6],
    ] as const) {
      for (const parameters of [state.online, state.target]) {
        const file = await parametersToFile(parameters as ParameterSet, { prefix: 'backbone' });
        expect(file.get(convolution)?.data).toBeAllClose(expected as Float32Array, {
          relative: 0,
          absolute: tolerance,
        });
      }
      state.dispose();
    }

    // All that a resumed run needs is in its checkpoint.
    await rm(file);
    const resumed = await spawnCli(['pretrain', photos, '--out', out, '--resume']);
    expect(resumed.stderr).not.toContain('took');
    expect(resumed.code).toBe(0);
    // Nor does a configuration of its own make the run forget what it began with.
    const other = ['pretrain', photos, '--out', out, '--resume', '--config', settings];
    expect((await spawnCli(other)).code).toBe(0);
    const refused = await spawnCli([...other, '--init', join(folder, 'other.pth')]);
    expect(refused.stderr).toContain(`began with ${file} and goes on from its checkpoint, got`);
    expect(refused.code).toBe(1);
    const again = await openRun(out);
    expect(() => again.untrained()).toThrow(`could not read ${file}`);
    (await again.trained()).state.dispose();
  });

  it('refuses weights that do not fit before anything is written', async () => {
    const file = join(folder, 'cut.safetensors');
    const bytes = encodeSafetensors(weights);
    await writeFile(file, bytes.subarray(0, bytes.length - 5));
    const out = join(folder, 'never');
    const { code, stderr } = await spawnCli([
      'pretrain',
      photos,
      '--config',
      settings,
      '--out',
      out,
      '--init',
      file,
    ]);
    expect(stderr).toMatch(/could not read .*cut\.safetensors.* tensor [\w.]+ has data_offsets/);
    expect(code).toBe(1);
    await expect(readFile(join(out, 'config.json'))).rejects.toThrow('ENOENT');
    const other = join(folder, 'other.json');
    await writeFile(other, JSON.stringify({ ...tiny, arch: 'resnet34', backend: 'wasm' }));
    await writeFile(file, bytes);
    const misfit = await spawnCli(['pretrain', photos, '--config', other, '--out', out, '--init', file]);
    expect(misfit.stderr).toContain(`${file}: it holds resnet18, not the resnet34 that was asked for`);
  });
});
