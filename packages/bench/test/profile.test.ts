import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBackend } from '@pixcon/backend';
import { describeBackends } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ProfileSummary, profile } from '../src/index.ts';
import type { ChromeTrace } from '../src/profile/chrome-trace.ts';
import { stepPhases } from '../src/profile/phases.ts';
import { profileTable } from '../src/profile/profile-table.ts';
import { recordKernels } from '../src/profile/record-kernels.ts';
import { Recorder } from '../src/profile/recorder.ts';
import { summarize } from '../src/profile/summary.ts';
import { tinyStep } from './tiny-sizes.ts';

const start = (name: string, opaque = true) => ({ name, shapes: '', bytesRead: 0, opaque });
const finish = () => ({ bytesWritten: 0, shapes: '', tensorBytes: 0 });

describe('Recorder', () => {
  it('takes what ran inside an operation off its own time', () => {
    let time = 0;
    const recorder = new Recorder(() => time);
    recorder.phase('forward');
    recorder.operation(
      start('outer', false),
      () => {
        time += 1;
        recorder.operation(
          start('inner'),
          () => {
            time += 2;
            // Inside a kernel nothing is recorded: the time is the kernel's.
            recorder.operation(
              start('hidden'),
              () => {
                time += 4;
              },
              finish,
            );
          },
          finish,
        );
        time += 8;
      },
      finish,
    );
    time += 16;
    recorder.phase(undefined);
    const times = recorder.operations.map(({ name, duration, self }) => [name, duration, self]);
    expect(times).toEqual([
      ['inner', 6, 6],
      ['outer', 15, 9],
    ]);
    expect(recorder.phases).toMatchObject([{ name: 'forward', start: 0, duration: 31 }]);
  });

  it('has phases that follow each other, and goes on with the same one', () => {
    let time = 10;
    const recorder = new Recorder(() => time);
    for (const name of ['a', 'a', 'b', undefined, 'a', undefined]) {
      recorder.phase(name);
      time += 1;
    }
    expect(recorder.phases.map(({ name, start, duration }) => [name, start, duration])).toEqual([
      ['a', 0, 2],
      ['b', 2, 1],
      ['a', 4, 1],
    ]);
  });

  it('records nothing between phases, and survives a kernel that throws', () => {
    const recorder = new Recorder();
    recorder.operation(start('early'), () => 1, finish);
    recorder.phase('forward');
    const fail = () => {
      throw new Error('no kernel');
    };
    expect(() => recorder.operation(start('broken'), fail, finish)).toThrow('no kernel');
    recorder.operation(start('next'), () => 1, finish);
    expect(recorder.operations.map(({ name }) => name)).toEqual(['next']);
  });
});

describeBackends('recordKernels', (backend) => {
  it('sees kernels, their shapes and bytes, and the operation around them', () => {
    const a = tf.ones([2, 3]);
    const b = tf.ones([3, 4]);
    const recorder = new Recorder();
    const stop = recordKernels(recorder);
    recorder.phase('test');
    const square = tf.customGrad((x) => ({ value: tf.square(x as tf.Tensor), gradFunc: (dy) => dy }));
    function namedOperation() {
      return square(a);
    }
    const results = [tf.matMul(a, b), namedOperation()];
    recorder.phase(undefined);
    stop();
    results.push(tf.add(a, a));
    const matMul = recorder.operations.find(({ name }) => /MatMul/.test(name));
    expect(matMul).toMatchObject({ phase: 'test', bytesRead: 72, bytesWritten: 32, kernel: true });
    expect(matMul?.shapes).toBe('[2, 3] [3, 4] → [2, 4]');
    expect(recorder.operations.some(({ name, kernel }) => name === 'namedOperation' && !kernel)).toBe(true);
    expect(recorder.operations.filter(({ name }) => name === 'Add')).toEqual([]);
    tf.dispose([a, b, ...results]);
  });

  it('leaves engine and backend as they were', () => {
    const engine = tf.engine();
    const names = () => [Object.keys(engine), Object.keys(tf.backend())].map((keys) => keys.join());
    const before = names();
    const stop = recordKernels(new Recorder());
    expect(names()).not.toEqual(before);
    stop();
    expect(names()).toEqual(before);
  });

  it(`sees an upload on ${backend}`, () => {
    const recorder = new Recorder();
    const stop = recordKernels(recorder);
    recorder.phase('test');
    const x = tf.tensor1d([1, 2, 3, 4, 5]);
    recorder.phase(undefined);
    stop();
    expect(recorder.operations).toMatchObject([{ name: 'upload', bytesRead: 20 }]);
    x.dispose();
  });
});

describe.each(['wasm', 'cpu'] as const)('the profile of a tiny step on %s', (backend) => {
  let folder: string;
  let summary: ProfileSummary;
  let trace: ChromeTrace;
  let tensorsBefore: number;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pixcon-bench-'));
    await startBackend(backend);
    tensorsBefore = tf.memory().numTensors;
    const traceFile = join(folder, 'trace.json');
    summary = await profile({ workload: 'tiny', sizes: tinyStep, backend, steps: 2, folders: [], traceFile });
    trace = JSON.parse(await readFile(traceFile, 'utf8')) as ChromeTrace;
  }, 180_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('has every phase, and adds up', () => {
    expect(summary.phases.map(({ name }) => name)).toEqual([...stepPhases]);
    const total = summary.phases.reduce((sum, { seconds }) => sum + seconds, 0);
    expect(summary.seconds).toBeCloseTo(total, 9);
    for (const { name, seconds, operationSeconds } of summary.phases) {
      expect(seconds, name).toBeGreaterThan(0);
      expect(operationSeconds, name).toBeGreaterThan(0);
      expect(operationSeconds, name).toBeLessThanOrEqual(seconds);
      const listed = summary.operations.filter(({ phase }) => phase === name);
      const sum = listed.reduce((all, operation) => all + operation.seconds, 0);
      expect(sum, name).toBeCloseTo(operationSeconds, 6);
    }
  });

  it('finds what a step is made of, where it belongs', () => {
    const phasesOf = (pattern: RegExp) =>
      new Set(summary.operations.filter(({ name }) => pattern.test(name)).map(({ phase }) => phase));
    expect(phasesOf(/^convolution$/)).toEqual(new Set(['target forward', 'online forward']));
    expect(phasesOf(/gradient$/)).toEqual(new Set(['backward']));
    expect(phasesOf(/^streamingInfoNce$/)).toEqual(new Set(['loss']));
    // ResNet-10 has twelve convolutions, and there are two views.
    const forward = summary.operations.find(
      ({ name, phase }) => name === 'convolution' && phase === 'target forward',
    );
    expect(forward?.calls).toBe(2 * 12);
  });

  it('leaves no tensor behind', () => {
    expect(tf.memory().numTensors).toBe(tensorsBefore);
  });

  it('writes a trace that a viewer can open: nested spans, phases above operations, no overlap', () => {
    const spans = trace.traceEvents.filter(({ ph }) => ph === 'X');
    expect(
      trace.traceEvents.every(({ ph, name, pid, tid }) => /^[XMC]$/.test(ph) && name && pid >= 0 && tid >= 0),
    ).toBe(true);
    expect(spans.every(({ ts = -1, dur = -1 }) => ts >= 0 && dur >= 0)).toBe(true);
    const phases = spans.filter(({ cat }) => cat === 'phase');
    const operations = spans.filter(({ cat }) => cat === 'operation');
    expect(new Set(phases.map(({ tid }) => tid)).size).toBe(1);
    expect(operations.length).toBeGreaterThan(100);
    const end = (span: (typeof spans)[number]) => (span.ts as number) + (span.dur as number);
    for (let i = 1; i < phases.length; i++) {
      expect(phases[i]?.ts).toBeGreaterThanOrEqual(end(phases[i - 1] as (typeof spans)[number]) - 1e-3);
    }
    // On one track a span lies in another or beside it, never across its edge.
    const open: number[] = [];
    for (const span of operations.toSorted(
      (a, b) => (a.ts as number) - (b.ts as number) || end(b) - end(a),
    )) {
      while (open.length > 0 && (open.at(-1) as number) <= (span.ts as number) + 1e-3) open.pop();
      if (open.length > 0) expect(end(span)).toBeLessThanOrEqual((open.at(-1) as number) + 1e-3);
      open.push(end(span));
    }
    const named = trace.traceEvents
      .filter(({ name }) => name === 'thread_name')
      .map(({ args }) => args?.name);
    expect(named).toEqual(['phases', 'operations']);
    expect(trace.traceEvents.some(({ ph, name }) => ph === 'C' && name === 'tensors')).toBe(true);
  });

  it('prints a table of phases and operations', () => {
    const table = profileTable(summary, 5);
    for (const name of stepPhases) expect(table).toContain(name);
    expect(table).toMatch(/^\d+ more/m);
    expect(table).toContain('mean of 2');
  });
});

it('refuses a backend whose kernels a clock cannot see', async () => {
  const request = {
    workload: 'tiny',
    sizes: tinyStep,
    steps: 1,
    folders: [],
    traceFile: '/nowhere/trace.json',
  };
  await expect(profile({ ...request, backend: 'webgpu' })).rejects.toThrow(
    '--profile needs a backend that computes within the call (tensorflow, wasm, cpu), got webgpu',
  );
});

it('summarize counts bytes of kernels once, whatever is around them', () => {
  const recorder = new Recorder();
  const wrote = () => ({ bytesWritten: 2 ** 20, shapes: '', tensorBytes: 3 * 2 ** 20 });
  recorder.phase('forward');
  recorder.operation(start('outer', false), () => recorder.operation(start('kernel'), () => 1, wrote), wrote);
  recorder.phase(undefined);
  const { phases, operations } = summarize(recorder, 1);
  expect(phases).toMatchObject([{ name: 'forward', writtenMiB: 1, peakTensorMiB: 3 }]);
  expect(operations.map(({ name, writtenMiB }) => [name, writtenMiB]).sort()).toEqual([
    ['kernel', 1],
    ['outer', 0],
  ]);
});
