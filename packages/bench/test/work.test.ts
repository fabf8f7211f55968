import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { describeBackends } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { measure } from '../src/index.ts';
import { runOurs } from '../src/run-ours.ts';
import { prepare } from '../src/workloads/prepare.ts';
import { tinyLoss, tinyStep } from './tiny-sizes.ts';

describeBackends('workloads', (backend) => {
  const small = { workload: 'tiny', backend, steps: 2, folders: [] };

  // Software adapters of WebGPU take half a minute for the steps before the clock starts; one is taken below.
  it.runIf(backend !== 'webgpu')('time a training step', { timeout: 120_000 }, async () => {
    const result = await measure({ ...small, sizes: tinyStep });
    expect(result).toMatchObject({ backend, steps: 2 });
    const { secondsPerStep, spread, imagesPerSecond, peakRssMiB } = result;
    expect(secondsPerStep).toBeGreaterThan(0);
    expect(secondsPerStep).toBeGreaterThanOrEqual(spread?.minimum as number);
    expect(secondsPerStep).toBeLessThanOrEqual(spread?.maximum as number);
    expect(imagesPerSecond).toBeCloseTo(tinyStep.batchSize / secondsPerStep, 6);
    expect(peakRssMiB).toBeGreaterThan(50);
    expect(result).not.toHaveProperty('extraMiB');
  });

  it('time the loss, and tell what memory it adds', async () => {
    const result = await measure({ ...small, sizes: tinyLoss });
    expect(result.secondsPerStep).toBeGreaterThan(0);
    expect(result.extraMiB).toBeGreaterThanOrEqual(0);
  });

  it.each([tinyStep, tinyLoss])('leave nothing behind: $kind', { timeout: 120_000 }, async (sizes) => {
    const before = tf.memory().numTensors;
    const work = prepare(sizes, []);
    await work.step();
    const during = tf.memory().numTensors;
    await work.step();
    // The first step makes the optimizer's state; from then on a step leaves nothing.
    expect(tf.memory().numTensors).toBe(during);
    work.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('the workload data', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pixcon-bench-'));
    for (const name of ['a.png', 'b.png']) await writeFile(join(folder, name), grayPng(40, 30));
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('counts processor time, and goes through the folders', { timeout: 60_000 }, async () => {
    const sizes = { kind: 'data', imageSize: 32, batchSize: 3 } as const;
    const result = await measure({
      workload: 'data',
      backend: 'cpu',
      steps: 2,
      sizes,
      folders: [folder, folder],
    });
    expect(result.secondsPerStep).toBe(result.cpuSecondsPerStep);
    expect(result.imagesPerSecond).toBeCloseTo(3 / result.secondsPerStep, 6);
    expect(result.wallSecondsPerStep).toBeGreaterThan(0);
  });

  it('needs a folder', () => {
    expect(() => prepare({ kind: 'data', imageSize: 32, batchSize: 3 }, [])).toThrow('--data');
  });
});

it('a process of its own reports back', { timeout: 60_000 }, async () => {
  const result = await runOurs({ workload: 'tiny', sizes: tinyLoss, backend: 'cpu', steps: 3, folders: [] });
  expect(result).toMatchObject({ backend: 'cpu', steps: 3, versions: { node: process.version } });
  // Not this process's, which has loaded other backends and a test runner.
  expect(result.peakRssMiB).toBeGreaterThan(40);
});

function grayPng(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const framed = Buffer.alloc(body.length + 8);
    framed.writeUInt32BE(data.length, 0);
    body.copy(framed, 4);
    framed.writeUInt32BE(crc32(body), body.length + 4);
    return framed;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  const lines = Buffer.alloc((width + 1) * height, 128);
  for (let y = 0; y < height; y++) lines[y * (width + 1)] = 0;
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(lines)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
