import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const execute = promisify(execFile);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pixcon-node-coco-'));
  for (const [place, name] of ['train2017', 'unlabeled2017'].entries()) {
    await mkdir(join(folder, name));
    for (let i = 0; i < 2; i++) {
      const background = { r: 60 * place, g: 90 * i, b: 120 };
      const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
      await sharp({ create: { width: 80, height: 60, channels: 3, background, noise } })
        .jpeg()
        .toFile(join(folder, name, `${i}.jpg`));
    }
  }
});
afterAll(() => rm(folder, { recursive: true }));

function runExample(...args: readonly string[]) {
  const command = ['--conditions=@pixcon/source', '--import', 'tsx', 'main.ts', ...args];
  return execute(process.execPath, command, {
    cwd: import.meta.dirname,
    env: { ...process.env, BACKEND: 'wasm', NO_COLOR: '1' },
  });
}

describe('main', () => {
  it('says what to download and runs two steps where no folder is given', async () => {
    const { stdout } = await runExample();
    expect(stdout).toContain('curl -O http://images.cocodataset.org/zips/train2017.zip');
    expect(stdout).toContain('2 steps of 1 epochs');
    expect(stdout).toMatch(/^step 1\/2 {2}loss [\d.]+ /m);
    expect(stdout).toMatch(/^step 2\/2 {2}loss [\d.]+ /m);
    expect(stdout).toMatch(/^done, loss [\d.]+$/m);
  }, 240_000);

  it('trains on two folders as one and leaves the run folder', async () => {
    const out = join(folder, 'run');
    const sizes = ['--epochs=1', '--batch=2', '--part=2', '--size=32', '--queue=8', `--out=${out}`];
    const { stdout } = await runExample(join(folder, 'train2017'), join(folder, 'unlabeled2017'), ...sizes);
    expect(stdout).toContain('4 images from ');
    expect(stdout).toContain('2 steps of 1 epochs');
    for (const file of ['backbone.safetensors', 'report.html'])
      expect(existsSync(join(out, file))).toBe(true);
    const config = JSON.parse(await readFile(join(out, 'config.json'), 'utf8')) as object;
    expect(JSON.stringify(config)).toContain('"sharpening":2');
  }, 240_000);

  it('names a folder that is none', async () => {
    await expect(runExample(join(folder, 'nowhere'))).rejects.toThrow('nowhere does not exist');
  }, 180_000);
});
