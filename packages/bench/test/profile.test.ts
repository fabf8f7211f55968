import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBackend } from '@pixcon/backend';
import { describeBackends } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ProfileSummary, profile } from '../src/index.ts';
import type { ChromeTrace } from '../src/profile/chrome-trace.ts';
import { countDispatches } from '../src/profile/count-dispatches.ts';
import { summarizeDispatches } from '../src/profile/dispatch-summary.ts';
import { dispatchTable } from '../src/profile/dispatch-table.ts';
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
    const recorder = new Recorder(
      () => time,
      () => 2 * time,
    );
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
    const times = recorder.operations.map(({ name, duration, self, processor }) => [
      name,
      duration,
      self,
      processor,
    ]);
    expect(times).toEqual([
      ['inner', 6, 6, 12],
      ['outer', 15, 9, 18],
    ]);
    expect(recorder.phases).toMatchObject([{ name: 'forward', start: 0, duration: 31, processor: 62 }]);
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

describeBackends(
  'the profile of a tiny step in dispatches',
  () => {
    it('counts every shader, by kernel and phase, with its arithmetic and bytes', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'pixcon-bench-'));
      const traceFile = join(folder, 'trace.json');
      const request = { workload: 'tiny', sizes: tinyStep, steps: 2, folders: [], traceFile };
      const { dispatches, phases } = await profile({ ...request, backend: 'webgpu' });
      expect(phases.map(({ name }) => name)).toEqual([...stepPhases]);
      if (!dispatches) throw new Error('a profile on webgpu has dispatches');
      const kernel = (name: string) => dispatches.kernels.find((row) => row.name === name);
      // ResNet-10 has twelve convolutions, three of them 1×1 with a stride; four views pass in a step.
      expect(kernel('convolution')?.dispatches).toBe(4 * 12);
      expect(kernel('convolutionFilterGradient')?.dispatches).toBe(2 * 12);
      // The images need no gradient.
      expect(kernel('convolutionInputGradient')?.dispatches).toBe(2 * 11);
      for (const row of dispatches.kernels) {
        expect(row.gigaflops, row.name).toBeGreaterThanOrEqual(row.necessaryGigaflops);
        expect(row.mebibytes, row.name).toBeGreaterThanOrEqual(row.necessaryMebibytes);
      }
      const sum = (rows: readonly { dispatches: number }[]) =>
        rows.reduce((all, row) => all + row.dispatches, 0);
      expect(sum(dispatches.phases)).toBe(sum(dispatches.kernels));
      expect(dispatches.allocatedMebibytes).toBeGreaterThan(1);
      expect(dispatches.hostSeconds).toBeGreaterThan(0);
      await rm(folder, { recursive: true, force: true });
    });

    it('leaves a backend that computes', async () => {
      const counter = countDispatches(() => 'test', 'dry');
      const lost = tf.add(tf.variable(tf.ones([2000])), 1);
      await counter.stop();
      expect(counter.dispatches).toMatchObject([{ name: 'tfjs BinaryOp', phase: 'test', bytes: 4 * 4001 }]);
      const sum = tf.add(tf.variable(tf.ones([2000])), 1);
      expect((await sum.data())[0]).toBe(2);
      tf.dispose([lost, sum]);
    });

    it('asks the clock of the device', async () => {
      const x = tf.tidy(() => tf.ones([64, 64]) as tf.Tensor2D);
      const counter = countDispatches(() => 'test', 'timed');
      const product = tf.matMul(x, x);
      const doubled = tf.add(product, product);
      await counter.stop();
      expect(counter.dispatches.map(({ name }) => name)).toEqual(['matMul', 'tfjs BinaryOp']);
      expect(counter.dispatches[0]).toMatchObject({ flops: 2 * 64 ** 3, necessaryFlops: 2 * 64 ** 3 });
      for (const { seconds } of counter.dispatches) expect(seconds).toBeGreaterThanOrEqual(0);
      const { kernels } = summarizeDispatches(counter.dispatches, 1);
      const table = dispatchTable({
        kernels,
        phases: [{ name: 'test', dispatches: 2 }],
        ran: true,
        adapter: 'a card',
        allocatedMebibytes: 3,
        hostSeconds: 0.06,
      });
      expect(table).toContain('2 dispatches per step on a card: test 2');
      expect(table).toMatch(/GFLOP\/s\s+GiB\/s/);
      expect((await doubled.data())[0]).toBe(128);
      tf.dispose([x, product, doubled]);
    });
  },
  { backends: ['webgpu'] },
);

it('says of a count that nothing ran', () => {
  const table = dispatchTable({
    kernels: [
      {
        name: 'convolution',
        dispatches: 80,
        gigaflops: 79.29,
        necessaryGigaflops: 72.83,
        mebibytes: 4699.1,
        necessaryMebibytes: 602.2,
      },
    ],
    phases: [{ name: 'online forward', dispatches: 80 }],
    ran: false,
    adapter: 'SwiftShader driver 5.0.0',
    allocatedMebibytes: 1798,
    hostSeconds: 0.06,
  });
  expect(table).toContain('80 dispatches per step on SwiftShader driver 5.0.0: online forward 80');
  expect(table).toContain('times of kernels are still to be measured on a GPU');
  expect(table).toContain('queueing a step takes the host 60 ms');
  expect(table).not.toContain('GFLOP/s');
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
