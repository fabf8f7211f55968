import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeBackends } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type PretrainOptions, pretrain, readReportData } from '../src/index.ts';
import { isSnapshotDue, snapshotSteps } from '../src/report/snapshot-steps.ts';
import { TimeShare } from '../src/report/time-share.ts';
import { readEvents } from './read-events.ts';
import { readMetrics, tinyImages, tinyMoCo, tinyOptions, tinyPixCon } from './tiny-run.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pixcon-report-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const images = tinyImages(16);
const shown = { ...tinyOptions, report: true, tensorboard: true, pictures: 2 };

/** Trains to the end, stopped after each of `stops` steps and resumed. Returns the warnings. */
async function train(
  out: string,
  options: Partial<PretrainOptions> = {},
  stops: readonly number[] = [],
  method = tinyPixCon,
): Promise<string[]> {
  const warnings: string[] = [];
  for (const stop of [...stops, Number.POSITIVE_INFINITY]) {
    const controller = new AbortController();
    const run = pretrain(method(), images, {
      ...shown,
      ...options,
      out,
      resume: true,
      signal: controller.signal,
      onEvent: (event) => {
        if (event.type === 'warning') warnings.push(event.message);
        if (event.type === 'step' && event.step >= stop) controller.abort();
      },
    });
    if (stop === Number.POSITIVE_INFINITY) (await run).state.dispose();
    else await expect(run).rejects.toMatchObject({ code: 'interrupted' });
  }
  return warnings.filter((message) => !message.includes('too few for a dense loss'));
}

async function eventsOf(out: string) {
  const names = (await readdir(out)).filter((name) => name.startsWith('events.out.tfevents.')).sort();
  return await Promise.all(names.map(async (name) => readEvents(await readFile(join(out, name)))));
}

const page = (out: string) => readFile(join(out, 'report.html'), 'utf8');

describeBackends('a run that shows itself', (backend) => {
  it('computes the same as one that does not, and leaks nothing', async () => {
    const [plain, showing] = [join(folder, 'plain'), join(folder, 'showing')];
    const before = tf.memory().numTensors;
    // Software adapters of WebGPU take a second for a step.
    const epochs = backend === 'webgpu' ? 1 : 3;
    expect(await train(plain, { epochs, report: false, tensorboard: false })).toEqual([]);
    expect(await train(showing, { epochs })).toEqual([]);
    expect(tf.memory().numTensors).toBe(before);
    expect(await readMetrics(showing)).toEqual(await readMetrics(plain));
    for (const file of ['checkpoint.safetensors', 'backbone.safetensors', 'config.json']) {
      expect((await readFile(join(showing, file))).equals(await readFile(join(plain, file))), file).toBe(
        true,
      );
    }
    expect((await readdir(plain)).sort()).toEqual([
      'backbone.safetensors',
      'checkpoint.safetensors',
      'config.json',
      'metrics.jsonl',
      'run.json',
    ]);
  });

  it('has the pictures of an uninterrupted run after stops', async () => {
    const [whole, pieces] = [join(folder, 'whole'), join(folder, 'pieces')];
    const [epochs, stops, shownAt] =
      backend === 'webgpu' ? [1, [2], [0, 1, 2, 3, 4]] : [3, [1, 5, 9], [0, 1, 3, 6, 9, 12]];
    await train(whole, { epochs });
    await train(pieces, { epochs }, stops);
    const files = await readdir(join(whole, 'pictures'));
    expect(files.sort()).toEqual([
      'pairs.safetensors',
      ...shownAt.map((step) => `step-${String(step).padStart(8, '0')}.safetensors`),
    ]);
    expect((await readdir(join(pieces, 'pictures'))).sort()).toEqual(files);
    for (const file of files) {
      const [one, other] = await Promise.all(
        [whole, pieces].map((out) => readFile(join(out, 'pictures', file))),
      );
      expect(one?.equals(other as Buffer), file).toBe(true);
    }
    expect(await readMetrics(pieces)).toEqual(await readMetrics(whole));
  });

  if (backend !== 'wasm') return;

  it('can be read from its folder', async () => {
    const out = join(folder, 'run');
    await train(out);
    await mkdir(join(out, 'scores'));
    const report = { title: 'cells', metric: 'mIoU', untrained: 0.2, trained: 0.3, detail: 'On two photos.' };
    await writeFile(join(out, 'scores', 'b.json'), JSON.stringify({ before: 1, report }));
    await writeFile(join(out, 'scores', 'a.json'), '{"other": 1}');
    await writeFile(join(out, 'scores', 'c.json'), '{"report": {"title": "half');
    const data = await readReportData(out);
    expect(data.title).toBe('run: pixcon, resnet');
    expect(data.config).toEqual(JSON.parse(await readFile(join(out, 'config.json'), 'utf8')));
    expect(data.status).toMatchObject({ state: 'finished', step: 12, totalSteps: 12, queueLength: 12 });
    expect(Date.now() - Date.parse(data.status.updated)).toBeLessThan(60_000);
    expect(data.metrics.map(({ step }) => step)).toEqual(Array.from({ length: 12 }, (_, step) => step + 1));
    expect(data.scores).toEqual([report]);
    expect(data.pairs).toHaveLength(2);
    expect(data.snapshots.map(({ step }) => step)).toEqual([0, 1, 3, 6, 9, 12]);
    for (const { inspections } of data.snapshots) {
      expect(inspections).toHaveLength(2);
      for (const { grid, index, weight, similarity, attention } of inspections) {
        const cells = grid.height * grid.width;
        expect([index.length, weight.length, similarity.length]).toEqual([cells, cells, cells]);
        expect(Math.max(...index)).toBeLessThan(cells);
        expect(attention.maps.length).toBe(3);
      }
    }
    expect(await page(out)).toContain('<main id="report">');
  });

  it('says where it stands: running, stopped, cut short, finished', async () => {
    const out = join(folder, 'run');
    const controller = new AbortController();
    const states: string[] = [];
    const stopped = pretrain(tinyPixCon(), images, {
      ...shown,
      out,
      signal: controller.signal,
      onEvent: async (event) => {
        if (event.type !== 'step' || event.step !== 4) return;
        controller.abort();
        states.push((await readReportData(out)).status.state);
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: 'interrupted' });
    expect(states).toEqual(['running']);
    const data = await readReportData(out);
    expect(data.status).toMatchObject({ state: 'stopped', step: 4, totalSteps: 12 });
    expect(await page(out)).toMatch(/stopped/i);
    await writeFile(join(out, 'metrics.jsonl'), '{"step":3,"loss":1}\nnull\n7\ngarbage\n{"step":4,"lo');
    expect((await readReportData(out)).metrics).toMatchObject([{ step: 3, loss: 1 }]);
    await train(out);
    expect((await readReportData(out)).status.state).toBe('finished');
  });

  it('is read before it has written anything, and no other folder is', async () => {
    const out = join(folder, 'empty');
    await mkdir(out);
    await expect(readReportData(out)).rejects.toThrow(/empty is no run folder: it has none of config\.json/);
    await expect(readReportData(join(folder, 'nowhere'))).rejects.toThrow(/nowhere does not exist/);
    await writeFile(join(out, '.lock'), `${process.ppid}\n`);
    const data = await readReportData(out);
    expect(data.status).toMatchObject({ state: 'running', step: 0, totalSteps: 0 });
    expect([data.metrics, data.pairs, data.snapshots, data.scores]).toEqual([[], [], [], []]);
  });

  it('tells TensorBoard each step once, over stops', async () => {
    const out = join(folder, 'run');
    await train(out, {}, [5], tinyMoCo);
    const sessions = await eventsOf(out);
    expect(sessions).toHaveLength(2);
    const metrics = await readMetrics(out);
    const scalars = sessions.map((events) => events.filter(({ scalars }) => 'loss/total' in scalars));
    expect(scalars.map((events) => events.map(({ step }) => step))).toEqual([
      [1, 2, 3, 4, 5],
      [6, 7, 8, 9, 10, 11, 12],
    ]);
    for (const [at, { step, scalars: values }] of scalars.flat().entries()) {
      const line = metrics[at];
      expect(step).toBe(line?.step);
      expect(values['loss/total']).toBeCloseTo(line?.loss ?? 0, 4);
      expect(values['schedule/learning_rate']).toBeCloseTo(line?.learningRate ?? 0, 6);
      expect(values['features/deviation']).toBeCloseTo(line?.featureDeviation ?? 0, 5);
      expect(values['memory/tensor_mib']).toBeGreaterThan(0);
      expect(values['memory/resident_mib']).toBeGreaterThan(values['memory/tensor_mib'] ?? 0);
    }
    expect(sessions.map((events) => events.find(({ sessionStart }) => sessionStart)?.step)).toEqual([1, 6]);
    expect(sessions[0]?.[2]?.texts.config).toContain('| batchSize | 4 |');
    const pictures = sessions.map((events) => events.filter(({ images: of }) => Object.keys(of).length > 0));
    expect(pictures.map((events) => events.map(({ step }) => step))).toEqual([
      [0, 1, 3],
      [6, 9, 12],
    ]);
    for (const { images: of } of pictures.flat()) {
      expect(Object.keys(of)).toHaveLength(2);
      for (const [tag, { width, height, png }] of Object.entries(of)) {
        expect(tag).toMatch(/^matches\/[01] image-\d\d\.png$/);
        expect([width, height > 250, png[1]]).toEqual([512, true, 'P'.charCodeAt(0)]);
      }
    }
  });

  it('goes on when the report, the pictures and the events fail, and says so once', async () => {
    const out = join(folder, 'run');
    const plain = join(folder, 'plain');
    await train(plain, { report: false, tensorboard: false });
    await mkdir(join(out, 'report.html'), { recursive: true });
    await writeFile(join(out, 'pictures'), 'in the way');
    const warnings = await train(out);
    expect(warnings).toHaveLength(2);
    expect(warnings.join('\n')).toMatch(/the training goes on without the pictures: /);
    expect(warnings.join('\n')).toMatch(/the training goes on without report\.html: /);
    expect(await readMetrics(out)).toEqual(await readMetrics(plain));
  });

  it('goes on without events where they cannot be written', async () => {
    const out = join(folder, 'run');
    const { EventFile } = await import('../src/tensorboard/event-file.ts');
    const create = EventFile.create;
    EventFile.create = () => Promise.reject(new Error('no space left'));
    try {
      expect(await train(out, { report: false })).toEqual([
        'the training goes on without the TensorBoard events: no space left',
      ]);
    } finally {
      EventFile.create = create;
    }
    expect(existsSync(join(out, 'backbone.safetensors'))).toBe(true);
  });

  it('leaves nothing of a run that failed before its first step', async () => {
    const out = join(folder, 'deep', 'run');
    const broken = tinyImages(
      16,
      Array.from({ length: 16 }, (_, i) => i),
    );
    await expect(pretrain(tinyPixCon(), broken, { ...shown, out })).rejects.toMatchObject({
      code: 'unreadable-data',
    });
    expect(existsSync(join(folder, 'deep'))).toBe(false);
    // Someone's own folder of that name stays, with what is in it.
    const photo = join(out, 'pictures', 'holiday.jpg');
    await mkdir(join(out, 'pictures'), { recursive: true });
    await writeFile(photo, 'beach');
    await expect(pretrain(tinyPixCon(), broken, { ...shown, out })).rejects.toThrow();
    expect(await readdir(out)).toEqual(['pictures']);
    await train(out, { epochs: 1 });
    expect(await readFile(photo, 'utf8')).toBe('beach');
    expect(await readdir(join(out, 'pictures'))).toContain('pairs.safetensors');
  });

  it('has no pictures where none are asked for', async () => {
    const out = join(folder, 'run');
    await train(out, { pictures: 0, epochs: 1 });
    expect((await readdir(out)).filter((name) => !name.startsWith('events.'))).not.toContain('pictures');
    expect(await page(out)).toContain('<main id="report">');
  });
});

describe('snapshotSteps', () => {
  it('are the same shares of every run, each step once', () => {
    expect(snapshotSteps(1000)).toEqual([0, 10, 50, 100, 250, 500, 750, 1000]);
    expect(snapshotSteps(12)).toEqual([0, 1, 3, 6, 9, 12]);
    expect(snapshotSteps(1)).toEqual([0, 1]);
  });

  it('are due once, and late where a kill took them', () => {
    const planned = [0, 10, 50];
    expect(isSnapshotDue(planned, [], 0)).toBe(true);
    expect(isSnapshotDue(planned, [0], 9)).toBe(false);
    expect(isSnapshotDue(planned, [0], 10)).toBe(true);
    expect(isSnapshotDue(planned, [0, 10], 49)).toBe(false);
    // Killed at 10, resumed from a checkpoint at 40.
    expect(isSnapshotDue(planned, [0], 40)).toBe(true);
    expect(isSnapshotDue(planned, [0, 40], 41)).toBe(false);
    expect(isSnapshotDue(planned, [0, 40], 50)).toBe(true);
    expect(isSnapshotDue([], [], 5)).toBe(false);
  });
});

it('TimeShare lets work take its share of the time and no more', async () => {
  let now = 0;
  const share = new TimeShare(0.02, () => now);
  expect(share.isDue).toBe(true);
  await share.spend(() => {
    now += 100;
    return Promise.resolve();
  });
  expect(share.isDue).toBe(false);
  now += 4999;
  expect(share.isDue).toBe(false);
  now += 1;
  expect(share.isDue).toBe(true);
  const failing = share.spend(() => {
    now += 10;
    return Promise.reject(new Error('no'));
  });
  await expect(failing).rejects.toThrow('no');
  expect(share.isDue).toBe(false);
});
