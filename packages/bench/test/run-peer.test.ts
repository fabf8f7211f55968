import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findWorkloads, type Workload } from '../src/index.ts';
import { checkPeer, type PeerOptions, peerArguments, runPeer } from '../src/run-peer.ts';
import type { StepSizes } from '../src/workloads/workload.ts';

const workload = (name: string) => findWorkloads([name])[0] as Workload;

/** Node.js in Python's place: the peer is any script that prints a line of JSON. */
const script = `
const memory = process.argv.includes('--loss-only') && process.argv[process.argv.indexOf('--batch') + 1] === '1' ? 400 : 1400;
console.log('a line before');
console.log(JSON.stringify({ peer: 'torch 2', secondsPerStep: 2, imagesPerSecond: 8, peakRssMiB: memory, seen: process.argv.slice(2) }));
`;

describe('the peer', () => {
  let folder: string;
  let options: PeerOptions;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pixcon-bench-'));
    const stepScript = join(folder, 'step.cjs');
    await writeFile(stepScript, script);
    options = { stepScript, dataScript: stepScript, steps: 3, folders: [], python: process.execPath };
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('gives its figures', async () => {
    expect(await runPeer(workload('step-r18'), options)).toEqual({
      secondsPerStep: 2,
      imagesPerSecond: 8,
      peakRssMiB: 1400,
      backend: 'torch',
      versions: { peer: 'torch 2' },
      steps: 3,
    });
  });

  it('tells what the loss adds to a process that has the queues already', async () => {
    expect((await runPeer(workload('loss'), options)).extraMiB).toBe(1000);
  });

  it('is told the sizes of the workload', () => {
    const of = (name: string) => peerArguments(workload(name), 5, { folders: ['camvid'] }).join(' ');
    expect(of('step-r50')).toBe('--arch resnet50 --size 224 --batch 4 --steps 5 --queue 65536');
    expect(of('step-r18')).toBe('--arch resnet18 --size 128 --batch 16 --steps 5 --queue 16384');
    expect(of('loss')).toBe('--loss-only --arch resnet18 --size 224 --batch 16 --steps 5 --queue 65536');
    expect(of('data')).toBe('--size 224 --batch 32 --steps 5 camvid');
    expect(of('wasm-r18')).toBe('--arch resnet18 --size 64 --batch 16 --steps 5 --queue 16384 --threads 1');
  });

  it('is told the device, and mixed precision', () => {
    const { sizes, ...rest } = workload('step-r50');
    const mixed = { ...rest, sizes: { ...(sizes as StepSizes), precision: 'mixed' as const } };
    expect(peerArguments(mixed, 5, { folders: [], device: 'cuda' }).join(' ')).toBe(
      '--arch resnet50 --size 224 --batch 4 --steps 5 --queue 65536 --device cuda --amp',
    );
  });

  it('tells the memory of a device, where it has one', async () => {
    const figures = async (peakDeviceMiB: number | null) => {
      const stepScript = join(folder, 'device.cjs');
      const line = JSON.stringify({
        peer: 'torch 2',
        secondsPerStep: 2,
        imagesPerSecond: 8,
        peakRssMiB: 9,
        peakDeviceMiB,
      });
      await writeFile(stepScript, `console.log(${JSON.stringify(line)});`);
      return await runPeer(workload('step-r18'), { ...options, stepScript });
    };
    expect((await figures(1500)).peakDeviceMiB).toBe(1500);
    expect(await figures(null)).not.toHaveProperty('peakDeviceMiB');
  });

  it('that fails is told with its last words', async () => {
    const stepScript = join(folder, 'broken.cjs');
    await writeFile(
      stepScript,
      "console.error('first');\nconsole.error('RuntimeError: no memory');\nprocess.exit(3);",
    );
    await expect(runPeer(workload('step-r18'), { ...options, stepScript })).rejects.toThrow(
      'the peer of step-r18 ended with exit code 3: RuntimeError: no memory',
    );
  });

  it('that is killed is told', async () => {
    const stepScript = join(folder, 'killed.cjs');
    await writeFile(stepScript, "process.kill(process.pid, 'SIGKILL'); setTimeout(() => undefined, 10_000);");
    await expect(runPeer(workload('step-r18'), { ...options, stepScript })).rejects.toThrow(
      'the peer of step-r18 was killed by SIGKILL',
    );
  });

  it('that prints nothing is told', async () => {
    const stepScript = join(folder, 'silent.cjs');
    await writeFile(stepScript, '');
    await expect(runPeer(workload('step-r18'), { ...options, stepScript })).rejects.toThrow(
      'printed no result',
    );
  });

  it('is missed before anything is measured: script, Python, packages', async () => {
    const step = workload('step-r18');
    await expect(checkPeer(step, { ...options, stepScript: '/nowhere.py' })).rejects.toThrow(
      '/nowhere.py, which does not exist; say where it is with --peer-script FILE',
    );
    await expect(checkPeer(step, { ...options, python: 'no-such-python' })).rejects.toThrow(
      '--peer needs no-such-python, which was not found',
    );
    await expect(checkPeer(step, options)).rejects.toThrow(
      /needs the Python package torch, which .* does not have/,
    );
  });
});
