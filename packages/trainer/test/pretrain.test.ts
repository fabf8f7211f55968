import { existsSync, symlinkSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Method, PixconError } from '@pixcon/core';
import { sgd } from '@pixcon/optimizers';
import { describeBackends } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { initialState, type PretrainEvent, type PretrainOptions, pretrain } from '../src/index.ts';
import { readMetrics, tinyImages, tinyMixed, tinyMoCo, tinyOptions, tinyPixCon } from './tiny-run.ts';

let folder: string;
let out: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pixcon-pretrain-'));
  out = join(folder, 'runs', 'tiny');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function failureOf(options: Partial<PretrainOptions>, images = tinyImages(16), method = tinyPixCon()) {
  const before = tf.memory().numTensors;
  try {
    const { state } = await pretrain(method, images, { ...tinyOptions, out, ...options });
    state.dispose();
  } catch (error) {
    expect(tf.memory().numTensors, 'tensors left after the failure').toBe(before);
    if (PixconError.isInstance(error)) return error;
    throw error;
  }
  throw new Error('expected the run to fail');
}

describeBackends('pretrain', (backend) => {
  // Software adapters of WebGPU take a second for a step.
  const epochs = backend === 'webgpu' ? 1 : 3;

  it.each([
    ['PixCon', tinyPixCon],
    ['MoCo-v2+', tinyMoCo],
  ])('leaks no tensor: %s', async (_, method) => {
    const before = tf.memory().numTensors;
    const counts: number[] = [];
    const { state } = await pretrain(method(), tinyImages(16), {
      ...tinyOptions,
      epochs,
      logEverySteps: 1,
      out,
      onEvent: (event) => {
        if (event.type === 'step') counts.push(tf.memory().numTensors);
      },
    });
    expect(counts).toHaveLength(4 * epochs);
    expect(counts.slice(2)).toEqual(counts.slice(1, -1));
    state.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it.runIf(backend !== 'webgpu')(
    'names the backend that mixed precision needs, before anything is written',
    async () => {
      await expect(pretrain(tinyMixed(), tinyImages(16), { ...tinyOptions, out })).rejects.toThrow(
        /mixed precision needs the webgpu backend, but \w+ is running; train in full precision, or start webgpu \(--backend webgpu\)/,
      );
      expect(existsSync(out)).toBe(false);
    },
  );

  it('stops on a parameter that is no longer finite, and keeps the last good checkpoint', async () => {
    // Finite losses, then an update that is not: only the state shows it.
    const steps: number[] = [];
    const optimizer = { ...sgd(), name: 'breaking' };
    const { update } = optimizer;
    optimizer.update = (parameters, gradients, learningRate) => {
      update(parameters, gradients, learningRate);
      if (steps.push(0) < 6) return;
      const [name] = [...gradients.keys()] as [string];
      const variable = parameters.get(name);
      tf.tidy(() => variable.assign(tf.mul(variable, Number.POSITIVE_INFINITY)));
    };
    const error = await failureOf({ optimizer, epochs: 2 });
    expect(error.code).toBe('numerical');
    expect(error.message).toMatch(
      /backbone\.conv1\.weight is no longer finite after step 6; .*: image-\d\d\.png, /,
    );
    const { state } = await pretrain(tinyPixCon(), tinyImages(16), {
      ...tinyOptions,
      epochs: 2,
      optimizer: { ...sgd(), name: 'breaking' },
      out,
      resume: true,
      onEvent: (event) => {
        if (event.type === 'start') expect(event.step).toBe(4);
      },
    });
    state.dispose();
    expect((await readMetrics(out)).map(({ step }) => step)).toEqual(
      Array.from({ length: 8 }, (_, i) => i + 1),
    );
  });
});

describeBackends(
  'pretrain',
  () => {
    it('stops on a loss that is not finite, with the step and its images', async () => {
      const inner = tinyPixCon();
      const batches: (readonly string[])[] = [];
      const method: Method = {
        ...inner,
        losses(state, batch, targets, context) {
          const [part] = inner.losses(state, batch, targets, context);
          batches[context.step] = batch.names;
          if (context.step < 7) return [part];
          return [
            () => {
              const losses = part();
              return { ...losses, total: tf.mul(losses.total, Number.NaN) };
            },
          ];
        },
      };
      const error = await failureOf({}, tinyImages(16), method);
      expect(error.code).toBe('numerical');
      expect(error.message).toMatch(
        /^pretrain: loss became NaN at step 8, though the features are finite \(loss NaN, image [\d.]+, /,
      );
      expect(error.message).toContain((batches[7] as readonly string[]).join(', '));
      // What was good until then is on the disk.
      expect((await readMetrics(out)).map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7]);
      const resumed = await pretrain(inner, tinyImages(16), { ...tinyOptions, out, resume: true });
      resumed.state.dispose();
      expect(await readMetrics(out)).toHaveLength(12);
    });

    it.each(['constant', 'cosine'] as const)('moves the target by a %s momentum', async (schedule) => {
      const method: Method = { ...tinyMoCo(), targetMomentum: 0.9, targetMomentumSchedule: schedule };
      const { state } = await pretrain(method, tinyImages(16), { ...tinyOptions, out });
      state.dispose();
      const momenta = (await readMetrics(out)).map(({ targetMomentum }) => targetMomentum);
      expect(momenta[0]).toBe(0.9);
      if (schedule === 'constant') expect(new Set(momenta).size).toBe(1);
      else expect(momenta.at(-1)).toBeGreaterThan(0.98);
    });

    it('stops on a learning rate that is far too high', async () => {
      const error = await failureOf({ learningRate: 1e30, warmupEpochs: 0 });
      expect(error.code).toBe('numerical');
      expect(error.message).toMatch(/lower the learning rate, or look at the images of that batch: image-/);
    });

    it('skips unreadable images, names each once, and goes on the same after a stop', async () => {
      const images = tinyImages(40, [7]);
      const train = async (path: string, stop: number) => {
        const warnings: string[] = [];
        const controller = new AbortController();
        const result = await pretrain(tinyPixCon(), images, {
          ...tinyOptions,
          epochs: 2,
          out: path,
          resume: true,
          signal: controller.signal,
          onEvent: (event) => {
            if (event.type === 'warning') warnings.push(event.message);
            if (event.type === 'step' && event.step === stop) controller.abort();
          },
        }).catch((error: unknown) => {
          if (PixconError.isInstance(error) && error.code === 'interrupted') return undefined;
          throw error;
        });
        result?.state.dispose();
        return { warnings, unreadable: result?.unreadable };
      };
      const skipped = 'skipped image-07.png: cut off';
      expect(await train(join(folder, 'whole'), 0)).toEqual({
        warnings: [skipped],
        unreadable: ['image-07.png'],
      });
      const first = await train(join(folder, 'pieces'), 14);
      const second = await train(join(folder, 'pieces'), 0);
      expect([...first.warnings, ...second.warnings]).toEqual([skipped]);
      expect(second.unreadable).toEqual(['image-07.png']);
      expect(await readMetrics(join(folder, 'pieces'))).toEqual(await readMetrics(join(folder, 'whole')));
    });

    it('stops with the list when more than 5% are unreadable, and leaves nothing half-written', async () => {
      const error = await failureOf({}, tinyImages(40, [3, 9, 21]));
      expect(error.code).toBe('unreadable-data');
      expect(error.message).toContain('more than 5% of the 40 images cannot be read (3 so far)');
      for (const index of ['03', '09', '21'])
        expect(error.message).toContain(`\n  image-${index}.png: cut off`);
      // Found while the first batches were still loading, or after whole steps.
      for (const file of existsSync(out) ? await readdir(out) : []) {
        expect(['config.json', 'run.json', 'metrics.jsonl', 'checkpoint.safetensors']).toContain(file);
      }
      const early = await failureOf(
        { out: join(folder, 'early', 'run') },
        tinyImages(
          20,
          Array.from({ length: 20 }, (_, i) => i),
        ),
      );
      expect(early.code).toBe('unreadable-data');
      expect(existsSync(join(folder, 'early'))).toBe(false);
    });

    it('passes on a failure that is not about one image', async () => {
      const images = { ...tinyImages(16), load: () => Promise.reject(new Error('network is down')) };
      const run = pretrain(tinyPixCon(), images, { ...tinyOptions, out });
      await expect(run).rejects.toThrow('network is down');
      expect(existsSync(join(folder, 'runs'))).toBe(false);
    });

    it('refuses what does not fit before it writes anything', async () => {
      const cases: [Partial<PretrainOptions>, RegExp, number?][] = [
        [{ epochs: 1.5 }, /epochs must be a whole number of at least 1, got 1.5/],
        [{ epochs: 0 }, /epochs/],
        [{ batchSize: 1 }, /batchSize/],
        [{ imageSize: 8 }, /imageSize/],
        [{ seed: -1 }, /seed/],
        [{ learningRate: Number.NaN }, /learningRate/],
        [{ warmupEpochs: 4 }, /warmupEpochs/],
        [{ warmupEpochs: 3 }, /warmupSteps must be below totalSteps/],
        [{ logEverySteps: 0 }, /logEverySteps/],
        [{ checkpointEverySteps: 0 }, /checkpointEverySteps/],
        [{ pictures: -1 }, /pictures/],
        [{ batchSize: 32 }, /the data set has 16 images, fewer than the batch size of 32/],
        [{ batchSize: 2 }, /the data set has 1 image, fewer/, 1],
        [{ batchSize: 16 }, /queueLength must be a whole number of at least 16, got 12/],
      ];
      for (const [options, message, count = 16] of cases) {
        const error = await failureOf(options, tinyImages(count));
        expect(error.message).toMatch(message);
        expect(error.code).toBe('invalid-argument');
      }
      expect(existsSync(join(folder, 'runs'))).toBe(false);
    });

    it('refuses a chance level that is no number', async () => {
      const broken = (chance: Partial<Method>) => failureOf({}, tinyImages(16), { ...tinyMoCo(), ...chance });
      expect((await broken({ chanceLoss: () => Number.NaN })).message).toBe(
        'moco-v2-plus: chanceLoss must be a number, got NaN',
      );
      const terms = () => ({ image: undefined as unknown as number });
      expect((await broken({ chanceTerms: terms })).message).toBe(
        'moco-v2-plus: chanceTerms: image must be a number, got undefined',
      );
      expect(existsSync(join(folder, 'runs'))).toBe(false);
    });

    it('names a run folder that cannot be used', async () => {
      const file = join(folder, 'file');
      await writeFile(file, 'mine');
      expect((await failureOf({ out: file })).message).toContain(`the run folder ${file} is a file`);
      expect((await failureOf({ out: join(file, 'below') })).message).toMatch(/cannot make the run folder/);
      expect(await readFile(file, 'utf8')).toBe('mine');

      const { state } = await pretrain(tinyPixCon(), tinyImages(16), { ...tinyOptions, epochs: 1, out });
      state.dispose();
      const before = await readFile(join(out, 'checkpoint.safetensors'));
      const error = await failureOf({ epochs: 1 });
      expect(error.message).toContain(
        'already holds a run (checkpoint.safetensors); resume it (--resume) or choose another',
      );
      expect((await readFile(join(out, 'checkpoint.safetensors'))).equals(before)).toBe(true);
    });

    it('says in a sentence that the disk is full', async () => {
      const error = await failureOf({
        onEvent: ({ type }) => {
          if (type === 'start') symlinkSync('/dev/full', join(out, 'metrics.jsonl'));
        },
      });
      expect(error.code).toBe('data');
      expect(error.message).toMatch(
        /^pretrain: could not write .*metrics\.jsonl: the disk is full \(ENOSPC\); no checkpoint was written yet; free some space, or choose another folder \(--out\), and start again$/,
      );
    });

    it('runs without a folder', async () => {
      const { state, steps, metrics, unreadable } = await pretrain(tinyPixCon(), tinyImages(16), {
        ...tinyOptions,
        epochs: 1,
      });
      state.dispose();
      expect([steps, metrics?.step, unreadable]).toEqual([4, 4, []]);
    });

    it('starts from initialState, and is a function of its seed', async () => {
      const train = async (seed: number) => {
        const options = { ...tinyOptions, epochs: 1, seed, learningRate: 0 };
        const { state, metrics } = await pretrain(tinyPixCon(), tinyImages(16), options);
        const sizes = { seed, datasetSize: 16, batchSize: 4 };
        const start = initialState(tinyPixCon(), sizes);
        const name = 'backbone.layer1.0.conv1.weight';
        expect(await state.online.get(name).data()).toEqual(await start.online.get(name).data());
        state.dispose();
        start.dispose();
        return metrics?.loss;
      };
      expect(await train(1)).not.toBe(await train(2));
    });

    it('tells what happens, in order', async () => {
      const events: PretrainEvent[] = [];
      const { state } = await pretrain(tinyPixCon(), tinyImages(16), {
        ...tinyOptions,
        out,
        onEvent: (event) => events.push(event),
      });
      state.dispose();
      expect(events[0]).toMatchObject({
        type: 'start',
        step: 0,
        totalSteps: 12,
        stepsPerEpoch: 4,
        queueLengths: { image: 12, dense: 12 },
      });
      const levels = { chance: expect.closeTo(2 * Math.log(13), 5), dense: expect.closeTo(Math.log(13), 5) };
      expect(events[0]).toMatchObject({
        chance: levels.chance,
        chanceTerms: { image: levels.dense, dense: levels.dense },
      });
      expect((await readMetrics(out)).at(-1)).toMatchObject({
        chance: levels.chance,
        imageChance: levels.dense,
        denseChance: levels.dense,
      });
      const steps = events.filter((event) => event.type === 'step');
      expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
      expect(steps.map(({ phase }) => phase).slice(0, 4)).toEqual([
        'queue is filling',
        'queue is filling',
        'training',
        'training',
      ]);
      expect(steps.map(({ epoch }) => epoch)).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
      // Of the step that the event names, where they were fetched.
      expect(steps.map(({ metrics }) => metrics?.step)).toEqual(
        Array.from({ length: 12 }, (_, i) => (i === 0 || i % 3 === 2 ? i + 1 : undefined)),
      );
      const lines = await readMetrics(out);
      for (const { step, metrics } of steps) {
        if (metrics) expect(metrics.loss).toBe(lines[step - 1]?.loss);
      }
      expect(steps.at(-1)?.secondsLeft).toBe(0);
      const saved = events.filter((event) => event.type === 'checkpoint').map(({ step }) => step);
      expect(saved).toEqual([2, 4, 6, 8, 10, 12]);
    });

    it('fetches the last step, whatever is logged between', async () => {
      const losses: (number | undefined)[] = [];
      const { state, metrics } = await pretrain(tinyPixCon(), tinyImages(20), {
        ...tinyOptions,
        epochs: 1,
        logEverySteps: 10,
        checkpointEverySteps: 100,
        out,
        onEvent: (event) => event.type === 'step' && losses.push(event.metrics?.loss),
      });
      state.dispose();
      const lines = await readMetrics(out);
      expect(lines.map(({ step, epoch }) => [step, epoch])).toEqual([1, 2, 3, 4, 5].map((step) => [step, 0]));
      expect(losses).toEqual([lines[0]?.loss, undefined, undefined, undefined, lines[4]?.loss]);
      expect([metrics?.step, metrics?.loss]).toEqual([5, lines[4]?.loss]);
    });

    it('writes every default into config.json', async () => {
      const { state } = await pretrain(tinyPixCon(), tinyImages(16), {
        epochs: 1,
        batchSize: 8,
        imageSize: 16,
        out,
      });
      state.dispose();
      const config = JSON.parse(await readFile(join(out, 'config.json'), 'utf8'));
      expect(config).toMatchObject({
        method: 'pixcon',
        epochs: 1,
        seed: 0,
        learningRate: 0.00625,
        warmupEpochs: 0.1,
        optimizer: { name: 'sgd', momentum: 0.9, weightDecay: 1e-4 },
        queues: { image: { length: 12, dim: 8 } },
        settings: { temperature: 0.2, matching: { sharpening: 2, mask: 'centre' } },
        augmentation: { crops: { scale: [0.08, 1], flipProbability: 0.5 } },
        logEverySteps: 10,
        checkpointEverySteps: 50,
      });
    });
  },
  { backends: ['wasm'] },
);

describe('notices', () => {
  it('says that a queue was shortened, and that the cells are few', async () => {
    const { startNotices } = await import('../src/notices.ts');
    const method = { settings: { queueLength: 'auto' }, backbone: { stride: 32 } } as unknown as Method;
    const state = (length: number) => ({ queues: { image: { length } } }) as never;
    const messages = (length: number, imageSize: number) =>
      startNotices(method, state(length), { images: 367, imageSize }).map(({ type, ...rest }) => [
        type,
        rest,
      ]);
    expect(messages(128, 128)).toEqual([
      ['notice', { message: expect.stringContaining('queues of 128 keys, not 65,536, for 367 images') }],
    ]);
    expect(messages(65_536, 128)).toEqual([]);
    expect(messages(65_544, 64)).toEqual([
      ['warning', { message: expect.stringContaining('64 px give 2 × 2 cells at an output stride of 32') }],
    ]);
    expect(startNotices({ ...method, settings: {} }, state(128), { images: 367, imageSize: 224 })).toEqual(
      [],
    );
  });
});
