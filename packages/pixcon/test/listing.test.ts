import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resnet, resnet50 } from '@pixcon/backbones';
import { startBackend } from '@pixcon/backend';
import { imageFolder } from '@pixcon/datasets';
import { semanticReweighting, similarityMatching } from '@pixcon/matching';
import { pixcon } from '@pixcon/methods';
import { pretrain } from '@pixcon/trainer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writePhotos } from './photos.ts';

/** The design's first listing, as written: it has to compile. */
async function listing(): Promise<void> {
  await startBackend(); // CUDA, WebGPU, TensorFlow CPU, WASM: the fastest one found
  const method = pixcon({
    backbone: resnet50(),
    matching: semanticReweighting(similarityMatching(), { sharpening: 2 }),
    queueLength: 65_536,
    temperature: 0.2,
    denseWeight: 0.5,
  });
  await pretrain(method, imageFolder('coco/train2017'), { epochs: 800, batchSize: 512, out: 'runs/sr' });
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pixcon-listing-'));
  await writePhotos(folder, 8);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the listing', () => {
  it('says what is wrong where there is no COCO', async () => {
    await expect(listing()).rejects.toThrow(
      /expected a folder of images, but coco\/train2017 does not exist/,
    );
  });

  it('runs in small', async () => {
    await startBackend('wasm');
    const method = pixcon({
      backbone: resnet({ block: 'bottleneck', layers: [1, 1, 1, 1], planes: [2, 2, 4, 4] }),
      matching: semanticReweighting(similarityMatching(), { sharpening: 2 }),
      queueLength: 64,
      temperature: 0.2,
      denseWeight: 0.5,
    });
    const out = join(folder, 'runs', 'sr');
    const { state, metrics } = await pretrain(method, imageFolder(folder), {
      epochs: 2,
      batchSize: 4,
      imageSize: 128,
      out,
    });
    expect(metrics?.step).toBe(4);
    expect(existsSync(join(out, 'backbone.safetensors'))).toBe(true);
    state.dispose();
  });
});
