import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Method } from '@pixcon/core';
import { describeBackends } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type PretrainOptions, pretrain, readReportData } from '../src/index.ts';
import { readMetrics, tinyImages, tinyMoCo, tinyOptions } from './tiny-run.ts';

let folder: string;
let out: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pixcon-stopped-'));
  out = join(folder, 'run');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Four steps; returns the notices. */
async function train(options: Partial<PretrainOptions> = {}, method = tinyMoCo()): Promise<string[]> {
  const notices: string[] = [];
  const { state } = await pretrain(method, tinyImages(16), {
    ...tinyOptions,
    epochs: 1,
    checkpointEverySteps: 100,
    out,
    ...options,
    onEvent: (event) => event.type === 'notice' && notices.push(event.message),
  });
  state.dispose();
  return notices;
}

/** Its third step has no loss. */
function failing(): Method {
  const inner = tinyMoCo();
  return {
    ...inner,
    losses(state, batch, targets, context) {
      const [part] = inner.losses(state, batch, targets, context);
      if (context.step < 2) return [part];
      return [() => ({ ...part(), total: tf.mul(part().total, Number.NaN) })];
    },
  };
}

const plain = ['backbone.safetensors', 'checkpoint.safetensors', 'config.json', 'metrics.jsonl', 'run.json'];

describeBackends(
  'a folder whose run stopped before its first checkpoint',
  () => {
    it.each([false, true])(
      'takes a new run, and keeps what the old one recorded (resume: %s)',
      async (resume) => {
        await expect(train({ tensorboard: true }, failing())).rejects.toMatchObject({ code: 'numerical' });
        const recorded = await readFile(join(out, 'metrics.jsonl'), 'utf8');
        expect(recorded.split('\n')).toHaveLength(3);
        await mkdir(join(out, 'scores'));
        await writeFile(join(out, 'scores', 'mine.json'), '{}');
        await writeFile(join(out, 'notes.txt'), 'mine');
        const aside = join(out, 'stopped-1');
        expect(await train({ resume })).toEqual([
          `${out} has a run that stopped after step 2 without a checkpoint: there is nothing to go on from, so this one begins anew, and what was recorded is kept in ${aside}`,
        ]);
        expect((await readdir(out)).sort()).toEqual([...plain, 'notes.txt', 'stopped-1'].sort());
        expect((await readMetrics(out)).map(({ step }) => step)).toEqual([1, 2, 3, 4]);
        expect((await readdir(aside)).sort()).toEqual([
          'config.json',
          expect.stringMatching(/^events\.out/),
          'metrics.jsonl',
          'run.json',
          'scores',
        ]);
        expect(await readFile(join(aside, 'metrics.jsonl'), 'utf8')).toBe(recorded);
        expect((await readReportData(aside)).status).toMatchObject({ state: 'stopped', step: 2 });
      },
    );

    it('takes a new run in its place where it came to no step', async () => {
      await mkdir(out);
      await writeFile(join(out, 'run.json'), '{"totalSteps": 9, "queueLength": 0}');
      await writeFile(join(out, 'config.json'), '{"half": ');
      await writeFile(join(out, 'metrics.jsonl'), '{"step":1,"lo');
      await writeFile(join(out, '.lock'), '');
      expect(await train()).toEqual([
        `${out} has a run that stopped before its first step: this one begins anew in its place`,
      ]);
      expect((await readdir(out)).sort()).toEqual(plain);
      expect(JSON.parse(await readFile(join(out, 'config.json'), 'utf8'))).toMatchObject({ epochs: 1 });
    });

    it('finds a name that is free for what is kept', async () => {
      await mkdir(join(out, 'stopped-1'), { recursive: true });
      await writeFile(join(out, 'metrics.jsonl'), '{"step":1,"loss":3}\n');
      expect(await train()).toEqual([expect.stringContaining(join(out, 'stopped-2'))]);
      expect(await readdir(join(out, 'stopped-2'))).toEqual(['metrics.jsonl']);
    });

    it('says nothing of a folder that holds no run', async () => {
      await mkdir(out);
      await writeFile(join(out, '.lock'), '');
      await writeFile(join(out, 'metrics.jsonl'), '');
      expect(await train({ resume: true })).toEqual([]);
    });

    it.each([false, true])(
      'is not taken for one where its files are of no run (resume: %s)',
      async (resume) => {
        await mkdir(out);
        const file = join(out, 'config.json');
        await writeFile(file, '{"method": "POST"}');
        await expect(train({ resume })).rejects.toThrow(
          `pretrain: ${out} holds a config.json that no run has written, and it would be overwritten; choose another folder (--out)`,
        );
        expect(await readFile(file, 'utf8')).toBe('{"method": "POST"}');
        expect(await readdir(out)).toEqual(['config.json']);
      },
    );

    it.each([false, true])('is not taken for one where the run is finished (resume: %s)', async (resume) => {
      await train();
      await rm(join(out, 'checkpoint.safetensors'));
      await expect(train({ resume })).rejects.toThrow(
        /holds a backbone \(backbone\.safetensors\) but no checkpoint to go on from; choose another folder/,
      );
      expect(existsSync(join(out, 'backbone.safetensors'))).toBe(true);
    });
  },
  { backends: ['wasm'] },
);
