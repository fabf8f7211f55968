import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startBackend } from '@pixcon/backend';
import { readCheckpoint } from '@pixcon/checkpoints/node';
import { PixconError } from '@pixcon/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PretrainOptions, pretrain } from '../src/index.ts';
import { type FailingDisk, failDisk } from './failing-disk.ts';
import { readEvents } from './read-events.ts';
import { type MetricsLine, readMetrics, tinyImages, tinyOptions, tinyPixCon } from './tiny-run.ts';

let folder: string;
let expected: MetricsLine[];
let backbone: Buffer;

/** Trains to the end or to its error; returns the warnings. */
async function train(out: string, options: Partial<PretrainOptions> = {}): Promise<string[]> {
  const warnings: string[] = [];
  const { state } = await pretrain(tinyPixCon(), tinyImages(16), {
    ...tinyOptions,
    epochs: 1,
    logEverySteps: 1,
    checkpointEverySteps: 1,
    resume: true,
    out,
    onEvent: (event) => {
      if (event.type === 'warning') warnings.push(event.message);
    },
    ...options,
  });
  state.dispose();
  return warnings;
}

async function failureOf(disk: FailingDisk, work: () => Promise<unknown>): Promise<PixconError> {
  const repair = failDisk(disk);
  try {
    const error = await work().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (PixconError.isInstance(error)) return error;
    throw new Error('expected a PixconError', { cause: error });
  } finally {
    repair();
  }
}

/** Nothing half-written, and no lock. */
async function expectTidy(out: string): Promise<void> {
  expect((await readdir(out, { recursive: true })).filter((name) => /\.tmp$|\.lock$/.test(name))).toEqual([]);
  const metrics = existsSync(join(out, 'metrics.jsonl'))
    ? await readFile(join(out, 'metrics.jsonl'), 'utf8')
    : '';
  for (const line of metrics.split('\n').slice(0, -1)) JSON.parse(line);
  expect(metrics === '' || metrics.endsWith('\n')).toBe(true);
}

async function expectWhole(out: string): Promise<void> {
  expect(await readMetrics(out)).toEqual(expected);
  expect((await readFile(join(out, 'backbone.safetensors'))).equals(backbone)).toBe(true);
  await expectTidy(out);
}

beforeAll(async () => {
  await startBackend('wasm');
  folder = await mkdtemp(join(tmpdir(), 'pixcon-disk-'));
  await train(join(folder, 'whole'));
  expected = await readMetrics(join(folder, 'whole'));
  backbone = await readFile(join(folder, 'whole', 'backbone.safetensors'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const inNameSpaces = ['--map-root-user', '--mount'];
const canMount =
  spawnSync('unshare', [...inNameSpaces, 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir()]).status === 0;
const skipped = canMount ? '' : ' (skipped: this system lets nobody mount)';

describe.skipIf(!canMount)(`a real disk${skipped}`, () => {
  it('becomes full, then read-only, and nothing is lost', async () => {
    const disk = await mkdtemp(join(folder, 'mounted-'));
    const script = fileURLToPath(new URL('./full-disk-child.ts', import.meta.url));
    const node = [process.execPath, '--conditions=@pixcon/source', '--import', 'tsx', script, disk];
    const { stdout, stderr } = spawnSync('unshare', [...inNameSpaces, ...node], { encoding: 'utf8' });
    expect(stderr).toBe('');
    const { full, left, readOnly, end, files, metrics } = JSON.parse(stdout);
    const out = join(disk, 'run');
    const whole = (step: number, cure: string) =>
      `the checkpoint of step ${step} is whole; ${cure}, or move ${out} to another disk, and go on with --resume --out ${out}`;
    expect(full).toBe(
      `pretrain: could not write ${join(out, 'checkpoint.safetensors')}: the disk is full (ENOSPC); ${whole(2, 'free some space')}`,
    );
    expect(left).toEqual([]);
    expect(readOnly).toBe(
      `pretrain: could not write ${join(out, 'checkpoint.safetensors')}: the file system is read-only (EROFS); ${whole(3, 'make it writable')}`,
    );
    expect(end).toBe('');
    expect(metrics).toEqual(expected);
    const names = [
      'backbone.safetensors',
      'checkpoint.safetensors',
      'config.json',
      'metrics.jsonl',
      'run.json',
    ];
    expect(files).toEqual(names);
  });
});

describe('a disk that takes no more', () => {
  it.each([
    ['a checkpoint', { path: /\.checkpoint\.\S+\.tmp$/, code: 'ENOSPC', from: 3 }, 2, 'the disk is full'],
    ['the metrics', { path: /metrics\.jsonl$/, code: 'EDQUOT', from: 3 }, 2, 'the disk quota is used up'],
    ['the backbone', { path: /\.backbone\.\S+\.tmp$/, code: 'EROFS' }, 4, 'the file system is read-only'],
  ] as const)('stops at %s with a sentence, and goes on bit for bit', async (_, disk, step, reason) => {
    const out = join(folder, `stopped-${step}-${disk.code}`);
    const error = await failureOf(disk, () => train(out));
    expect(error.code).toBe('data');
    expect(error.message).toMatch(
      new RegExp(
        `^pretrain: could not write ${out}/\\S+: ${reason} \\(${disk.code}\\); the checkpoint of step ${step} is whole; .*, or move ${out} to another disk, and go on with --resume --out ${out}$`,
      ),
    );
    await expectTidy(out);
    expect((await readCheckpoint(join(out, 'checkpoint.safetensors'))).record).toMatchObject({ step });
    // Still full: the same again, and nothing is lost by it.
    if (disk.code === 'ENOSPC') {
      expect((await failureOf({ ...disk, from: 1 }, () => train(out))).message).toBe(error.message);
      await expectTidy(out);
    }
    await train(out);
    await expectWhole(out);
  });

  it.each(['config.json', 'run.json', 'metrics.jsonl'])(
    'leaves nothing of a run that cannot write its first %s',
    async (name) => {
      const out = join(folder, `first-${name}`);
      const disk = { path: new RegExp(`${name.replace('.', '\\.')}(\\.\\w+\\.tmp)?$`), code: 'ENOSPC' };
      const { message } = await failureOf(disk, () => train(out));
      expect(message).toBe(
        `pretrain: could not write ${join(out, name)}: the disk is full (ENOSPC); no checkpoint was written yet; free some space, or choose another folder (--out), and start again`,
      );
      expect(existsSync(out)).toBe(false);
    },
  );

  it('keeps a run that cannot write as it goes on', async () => {
    const out = join(folder, 'going-on');
    await failureOf({ path: /\.checkpoint\.\S+\.tmp$/, code: 'ENOSPC', from: 3 }, () => train(out));
    for (const name of ['run', 'metrics']) {
      const path = new RegExp(`\\.${name}\\.json\\w?\\.\\w+\\.tmp$`);
      expect((await failureOf({ path, code: 'EROFS' }, () => train(out))).message).toContain(
        'the checkpoint of step 2 is whole; make it writable, or move',
      );
      await expectTidy(out);
    }
    await train(out);
    await expectWhole(out);
  });

  it('trains on without what only shows it, and says so once', async () => {
    const out = join(folder, 'shown');
    const shown = { report: true, tensorboard: true, pictures: 0 } as const;
    const repair = failDisk({ path: /report\.html|tfevents/, code: 'ENOSPC' });
    let warnings: string[];
    try {
      warnings = await train(out, shown);
    } finally {
      repair();
    }
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toMatch(
      /^the training goes on without the TensorBoard events: the disk is full \(ENOSPC\)$/,
    );
    expect(warnings[1]).toMatch(/^the training goes on without report\.html: .*the disk is full \(ENOSPC\)/);
    await expectWhole(out);
    expect(readdirSync(out)).not.toContain('report.html');
  });

  it('leaves no record of TensorBoard’s cut short', async () => {
    const { EventFile } = await import('../src/tensorboard/event-file.ts');
    const out = await mkdtemp(join(folder, 'events-'));
    const write = (step: number) => events.scalars([{ step, values: { loss: step } }]);
    const repair = failDisk({ path: /tfevents/, code: 'ENOSPC', writes: 2 });
    const events = await EventFile.create(out, 0);
    await write(1);
    await expect(write(2)).rejects.toThrow('ENOSPC');
    await expect(write(3)).rejects.toThrow('ENOSPC');
    repair();
    await write(4);
    await events.close();
    const records = readEvents(await readFile(events.path));
    expect(records.flatMap(({ scalars }) => scalars.loss ?? [])).toEqual([1, 4]);
    // One that cannot even be begun is not left empty.
    const end = failDisk({ path: /tfevents/, code: 'ENOSPC' });
    await expect(EventFile.create(out, 4)).rejects.toThrow('ENOSPC');
    end();
    expect(await readdir(out)).toHaveLength(1);
  });
});
