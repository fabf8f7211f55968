import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCheckpoint } from '@pixcon/checkpoints/node';
import { PixconError } from '@pixcon/core';
import { lars, sgd } from '@pixcon/optimizers';
import { describeBackends } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type PretrainOptions, pretrain } from '../src/index.ts';
import {
  readMetrics,
  tinyImages,
  tinyMixed,
  tinyMoCo,
  tinyOptions,
  tinyPixCon,
  tinySlotCon,
} from './tiny-run.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pixcon-resume-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const images = tinyImages(16);

/** Trains to the end, stopped after each of `stops` steps and resumed. */
async function trainInPieces(
  out: string,
  stops: readonly number[],
  options: () => Partial<PretrainOptions> = () => ({}),
  method = tinyPixCon,
): Promise<void> {
  for (const stop of [...stops, Number.POSITIVE_INFINITY]) {
    const controller = new AbortController();
    const run = pretrain(method(), images, {
      ...tinyOptions,
      ...options(),
      out,
      resume: true,
      signal: controller.signal,
      onEvent: (event) => {
        if (event.type === 'step' && event.step >= stop) controller.abort();
      },
    });
    if (stop === Number.POSITIVE_INFINITY) (await run).state.dispose();
    else await expect(run).rejects.toMatchObject({ code: 'interrupted' });
  }
}

async function expectSameFiles(one: string, other: string): Promise<void> {
  for (const file of ['checkpoint.safetensors', 'backbone.safetensors', 'config.json']) {
    const [left, right] = await Promise.all([readFile(join(one, file)), readFile(join(other, file))]);
    expect(left.equals(right), file).toBe(true);
  }
}

describeBackends('a resumed run', (backend) => {
  it('is the uninterrupted one, bit for bit', async () => {
    const [whole, pieces] = [join(folder, 'whole'), join(folder, 'pieces')];
    // Software adapters of WebGPU take a second for a step.
    const epochs = backend === 'webgpu' ? 2 : 3;
    await trainInPieces(whole, [], () => ({ epochs }));
    // After the first step, between two logged steps, at the end of an epoch.
    await trainInPieces(pieces, backend === 'webgpu' ? [1, 5] : [1, 5, 8], () => ({ epochs }));
    const expected = await readMetrics(whole);
    expect(expected.map(({ step }) => step)).toEqual(
      Array.from({ length: 4 * epochs }, (_, step) => step + 1),
    );
    expect(await readMetrics(pieces)).toEqual(expected);
    await expectSameFiles(whole, pieces);
  });

  it('is so with LARS and with MoCo-v2+', async () => {
    const [whole, pieces] = [join(folder, 'whole'), join(folder, 'pieces')];
    const options = () => ({ optimizer: lars(), epochs: backend === 'webgpu' ? 1 : 2 });
    await trainInPieces(whole, [], options, tinyMoCo);
    await trainInPieces(pieces, [3], options, tinyMoCo);
    expect(await readMetrics(pieces)).toEqual(await readMetrics(whole));
    await expectSameFiles(whole, pieces);
  });

  it.runIf(backend !== 'webgpu')(
    'is so with SlotCon, whose target moves first and whose centre is a buffer',
    async () => {
      const [whole, pieces] = [join(folder, 'whole'), join(folder, 'pieces')];
      const options = () => ({ epochs: 1 });
      await trainInPieces(whole, [], options, tinySlotCon);
      await trainInPieces(pieces, [2], options, tinySlotCon);
      expect(await readMetrics(pieces)).toEqual(await readMetrics(whole));
      await expectSameFiles(whole, pieces);
      const { sections } = await readCheckpoint(join(pieces, 'checkpoint.safetensors'));
      const centre = sections.online?.get('centre');
      expect(centre?.shape).toEqual([1, 6]);
      expect(Array.from(centre?.data ?? [], Number).every((value) => value !== 0)).toBe(true);
      expect(sections.target?.has('centre')).toBe(false);
    },
  );

  it.runIf(backend === 'webgpu')('is so in mixed precision, whose loss scale goes on', async () => {
    const [whole, pieces] = [join(folder, 'whole'), join(folder, 'pieces')];
    const options = () => ({ epochs: 1 });
    await trainInPieces(whole, [], options, tinyMixed);
    await trainInPieces(pieces, [2], options, tinyMixed);
    const metrics = await readMetrics(pieces);
    expect(metrics).toEqual(await readMetrics(whole));
    expect(metrics.map(({ lossScale }) => lossScale)).toEqual([65_536, 65_536, 65_536, 65_536]);
    await expectSameFiles(whole, pieces);
    const { sections } = await readCheckpoint(join(pieces, 'checkpoint.safetensors'));
    expect([...(sections.lossScale?.get('lossScale')?.data ?? [])]).toEqual([65_536, 4]);
    await expect(
      pretrain(tinyPixCon(), images, { ...tinyOptions, epochs: 1, out: pieces, resume: true }),
    ).rejects.toThrow(/backbone.precision "mixed", this run has none/);
  });

  it.runIf(backend !== 'webgpu')('is the same when it is simply done again', async () => {
    await trainInPieces(join(folder, 'a'), []);
    await trainInPieces(join(folder, 'b'), []);
    expect(await readMetrics(join(folder, 'b'))).toEqual(await readMetrics(join(folder, 'a')));
  });

  if (backend === 'wasm') {
    it('leaves out lines that a kill cut short, and steps after the checkpoint', async () => {
      const [whole, pieces] = [join(folder, 'whole'), join(folder, 'pieces')];
      await trainInPieces(whole, []);
      const controller = new AbortController();
      controller.abort();
      const stopped = pretrain(tinyPixCon(), images, {
        ...tinyOptions,
        out: pieces,
        signal: controller.signal,
      });
      await expect(stopped).rejects.toThrow(/after step 1 of 12; go on with --resume --out/);
      const metrics = join(pieces, 'metrics.jsonl');
      const [line] = (await readFile(metrics, 'utf8')).split('\n');
      // As older versions counted: from 0.
      const older = line?.replace('"step":1,', '"step":0,');
      expect(older).not.toBe(line);
      await writeFile(metrics, `${older}\nnull\n7\n{}\ngarbage\n{"step":1,"loss":3}\n{"step":2,"lo`);
      await writeFile(join(pieces, '.checkpoint.safetensors.0123.tmp'), 'half');
      await trainInPieces(pieces, []);
      expect(await readMetrics(pieces)).toEqual(await readMetrics(whole));
      expect((await readdir(pieces)).sort()).toEqual([
        'backbone.safetensors',
        'checkpoint.safetensors',
        'config.json',
        'metrics.jsonl',
        'run.json',
      ]);
    });

    it('starts from the beginning where there is no checkpoint, and does nothing where the run is complete', async () => {
      const out = join(folder, 'run');
      await trainInPieces(out, []);
      const before = await readMetrics(out);
      await trainInPieces(out, []);
      expect(await readMetrics(out)).toEqual(before);
    });

    it('names the setting that differs', async () => {
      const out = join(folder, 'run');
      await trainInPieces(out, [], () => ({ epochs: 1 }));
      const before = await readFile(join(out, 'checkpoint.safetensors'));
      const resume = async (options: Partial<PretrainOptions>, dataset = images, method = tinyPixCon()) => {
        const numTensors = tf.memory().numTensors;
        const error = await pretrain(method, dataset, {
          ...tinyOptions,
          epochs: 1,
          ...options,
          out,
          resume: true,
        }).then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        expect(tf.memory().numTensors).toBe(numTensors);
        expect(PixconError.isInstance(error) && error.code).toBe('checkpoint');
        return (error as Error).message;
      };
      expect(await resume({ epochs: 2 })).toBe(
        'pretrain: the checkpoint was made with epochs 1, this run has 2; resume with the same settings and images, or start a new run folder',
      );
      expect(await resume({ batchSize: 8 })).toContain('made with batchSize 4, this run has 8');
      expect(await resume({ seed: 6 })).toContain('seed 5, this run has 6');
      expect(await resume({ learningRate: 0.1 })).toContain('learningRate 0.05, this run has 0.1');
      expect(await resume({ optimizer: sgd({ momentum: 0.5 }) })).toContain(
        'optimizer.momentum 0.9, this run has 0.5',
      );
      expect(await resume({ optimizer: lars() })).toContain('optimizer.name "sgd", this run has "lars"');
      expect(await resume({}, tinyImages(17))).toContain('images.count 16, this run has 17');
      expect(await resume({}, { ...images, name: (index) => `${index}.jpg` })).toContain('images.names');
      expect(await resume({}, images, tinyMoCo())).toContain('method "pixcon", this run has "moco-v2-plus"');
      expect((await readFile(join(out, 'checkpoint.safetensors'))).equals(before)).toBe(true);
    });

    it('refuses a damaged checkpoint, and leaves it alone', async () => {
      const out = join(folder, 'run');
      await trainInPieces(out, [], () => ({ epochs: 1 }));
      const path = join(out, 'checkpoint.safetensors');
      const damaged = (await readFile(path)).subarray(0, 5000);
      await writeFile(path, damaged);
      const metrics = await readFile(join(out, 'metrics.jsonl'));
      const resumed = pretrain(tinyPixCon(), images, { ...tinyOptions, epochs: 1, out, resume: true });
      await expect(resumed).rejects.toMatchObject({ code: 'checkpoint' });
      await expect(resumed).rejects.toThrow(path);
      expect((await readFile(path)).equals(damaged)).toBe(true);
      expect((await readFile(join(out, 'metrics.jsonl'))).equals(metrics)).toBe(true);
    });
  }
});
