import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSafetensors } from '@pixcon/checkpoints/node';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { truncate, writePhotos } from './photos.ts';
import { type CliResult, type SpawnCliOptions, spawnCli } from './spawn-cli.ts';

let folder: string;
let photos: string;
let settings: string;
let names: string[];
let out: string;
let runs = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pixcon-cli-'));
  photos = join(folder, 'photos');
  names = await writePhotos(photos, 24);
  // Passed by, and told: a format that is not read, and the mask of a photo.
  await writeFile(join(photos, 'new.HEIC'), 'x');
  const first = join(photos, names[0] as string);
  await cp(first, first.replace(/\.jpeg$/, '_mask.jpeg'));
  settings = join(folder, 'tiny.json');
  const tiny = { planes: [4, 4, 8, 8], hidden: 16, dim: 8, outputStride: 8, imageSize: 32, batchSize: 4 };
  await writeFile(settings, JSON.stringify({ ...tiny, epochs: 2, backend: 'wasm', checkpointEverySteps: 1 }));
});
beforeEach(() => {
  out = join(folder, `run-${++runs}`, 'deep');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function pretrain(args: readonly string[] = [], options?: SpawnCliOptions): Promise<CliResult> {
  return spawnCli(['pretrain', photos, '--config', settings, '--out', out, ...args], options);
}

async function losses(path: string): Promise<[number, number][]> {
  const lines = (await readFile(join(path, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
  return lines.map((line) => {
    const { step, loss } = JSON.parse(line) as { step: number; loss: number };
    return [step, loss];
  });
}

describe('pixcon pretrain', () => {
  it('trains, writes the run folder, and takes its config.json back', async () => {
    const { code, stderr, stdout } = await pretrain(['--seed', '3', '--queue-length', '8']);
    expect(stderr).toContain('Backend: wasm (');
    expect(stderr).toContain(`pixcon-sr, resnet18, 32 px, 24 images from ${photos}`);
    expect(stderr).toMatch(
      /2 epochs of 6 steps, \d+ K parameters, queues: image 8, dense 8, loss at chance 4\.39/,
    );
    expect(stderr).toMatch(
      /step 1\/12 {2}epoch 1\/2 {2}\d+\.\d images\/s {2}\d+:\d\d left {2}loss \d+\.\d\d \(image/,
    );
    expect(stderr).toMatch(/1 picture of .* is left out, because only .* are read: 1 × \.heic;/);
    expect(stderr).toMatch(/1 file of .* \(\*_mask\.jpeg\) left out as a mask .*--keep-masks/);
    expect(stderr).toMatch(/step 12\/12/);
    expect(stderr).toMatch(
      /done: 12 steps \(last loss \d+\.\d{3}\); backbone, checkpoint and metrics are in/,
    );
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr.trimEnd().split('\n').at(-1)).toBe(`report: ${join(out, 'report.html')}`);
    const [backbone, ...files] = (await readdir(out)).sort();
    expect([backbone, ...files.filter((name) => !name.startsWith('events.out.tfevents.'))]).toEqual([
      'backbone.safetensors',
      'checkpoint.safetensors',
      'config.json',
      'metrics.jsonl',
      'pictures',
      'report.html',
      'run.json',
    ]);
    const { tensors } = await readSafetensors(join(out, 'backbone.safetensors'));
    expect(tensors.get('conv1.weight')?.shape).toEqual([4, 3, 7, 7]);
    expect(JSON.parse(await readFile(join(out, 'config.json'), 'utf8'))).toMatchObject({
      method: 'pixcon-sr',
      arch: 'resnet18',
      seed: 3,
      queueLength: 8,
      temperature: 0.2,
      sharpening: 2,
      learningRate: 0.003125,
      warmupEpochs: 0.2,
      optimizer: { name: 'sgd', momentum: 0.9, weightDecay: 1e-4 },
      augmentation: 'byol',
    });

    const first = await losses(out);
    const config = join(out, 'config.json');
    const again = join(folder, 'again');
    expect((await spawnCli(['pretrain', photos, '--config', config, '--out', again])).code).toBe(0);
    expect(await losses(again)).toEqual(first);
    expect(await readFile(join(again, 'config.json'))).toEqual(await readFile(config));
  });

  it('leaves the report out where that was asked for, by a flag or by the configuration', async () => {
    const quiet = join(folder, 'quiet.json');
    const tiny = JSON.parse(await readFile(settings, 'utf8')) as object;
    await writeFile(quiet, JSON.stringify({ ...tiny, epochs: 1, report: false, tensorboard: false }));
    const byFile = await spawnCli(['pretrain', photos, '--config', quiet, '--out', out]);
    expect(byFile.stderr).not.toContain('report');
    const byFlag = await spawnCli([
      ...['pretrain', photos, '--config', settings, '--epochs', '1', '--no-report'],
      ...['--out', join(folder, 'by-flag')],
    ]);
    expect([byFile.code, byFlag.code]).toEqual([0, 0]);
    const plain = [
      'backbone.safetensors',
      'checkpoint.safetensors',
      'config.json',
      'metrics.jsonl',
      'run.json',
    ];
    expect((await readdir(out)).sort()).toEqual(plain);
    const files = await readdir(join(folder, 'by-flag'));
    expect(files.filter((name) => !name.startsWith('events.')).sort()).toEqual(plain);
  });

  it.each(['pixcon-sim', 'pixcon-coord', 'moco-v2-plus'])('trains %s', async (method) => {
    const { code, stderr } = await pretrain(['--method', method, '--epochs', '1']);
    expect(stderr).toContain(`${method}, resnet18`);
    expect(stderr).toContain('queues of 16 keys, not 65,536, for 24 images');
    expect(code).toBe(0);
    expect(await losses(out)).toHaveLength(6);
  });

  it.each([
    ['moco-v2', '--option', 'splits=2'],
    ['densecl', '--recipe', 'table4-predictors', '--option', 'splits=2'],
    ['byol'],
    ['simsiam', '--option', 'predictorHidden=8'],
    ['pixpro', '--recipe', 'table5-pixpro-image'],
    ['slotcon', '--recipe', 'table6-pix', '--option', 'prototypes=8'],
    ['univip', '--option', 'instanceCount=2', '--option', 'instanceSize=32'],
  ])('trains %s', async (method, ...options) => {
    const { code, stderr } = await pretrain(['--method', method, '--epochs', '1', ...options]);
    expect(stderr).toContain(`${method}, resnet18`);
    expect(code).toBe(0);
    expect(await losses(out)).toHaveLength(6);
    const config = JSON.parse(await readFile(join(out, 'config.json'), 'utf8'));
    for (const option of options.filter((text) => text.includes('='))) {
      const [name, value] = option.split('=') as [string, string];
      expect(config.options[name]).toBe(Number(value));
    }
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGKILL', null],
  ] as const)('goes on with --resume after %s, and remembers its settings', async (signal, expected) => {
    let sent = false;
    const stopped = await pretrain(['--seed', '1'], {
      onError: (text, child) => {
        if (sent || !text.includes('step 1/12')) return;
        sent = true;
        child.kill(signal);
      },
    });
    expect(stopped.code).toBe(expected);
    if (expected !== null) {
      expect(stopped.stderr).toContain(`${signal}: finishing this step and saving`);
      expect(stopped.stderr).toMatch(/pretrain: stopped after step \d+ of 12; go on with --resume --out/);
      expect((await losses(out)).length).toBeLessThan(12);
    }
    const resumed = await spawnCli(['pretrain', photos, '--out', out, '--resume']);
    expect(resumed.code).toBe(0);
    const whole = join(folder, 'whole');
    if (!existsSync(whole)) {
      const args = ['pretrain', photos, '--config', settings, '--seed', '1', '--out', whole];
      expect((await spawnCli(args)).code).toBe(0);
    }
    expect(await losses(out)).toEqual(await losses(whole));
  });

  it('goes on when nobody reads what it prints', async () => {
    const { code } = await pretrain([], {
      onError: (text, child) => {
        if (text.includes('Backend')) child.stderr?.destroy();
      },
    });
    expect(code).toBe(0);
    expect(await losses(out)).toHaveLength(12);
  });

  it('skips a cut-off image and names it; stops with the list beyond 5%', async () => {
    const dented = join(folder, 'dented');
    await cp(photos, dented, { recursive: true });
    await truncate(dented, [names[4] as string]);
    const args = ['--config', settings, '--epochs', '1', '--out'];
    const skipped = await spawnCli(['pretrain', dented, ...args, out]);
    expect(skipped.stderr).toMatch(new RegExp(`warning: skipped ${names[4]}: \\S+`));
    expect(skipped.stderr).toContain(`1 unreadable image was skipped: ${names[4]}`);
    expect(skipped.code).toBe(0);

    await truncate(dented, names.slice(8, 20));
    const stopped = await spawnCli(['pretrain', dented, ...args, join(folder, 'stopped', 'run')]);
    expect(stopped.stderr).toMatch(
      /pixcon: pretrain: more than 5% of the 24 images cannot be read \(2 so far\)/,
    );
    expect(stopped.stderr.match(/^ {2}(even|odd)\/\d{3}\.\w+: /gm)?.length).toBe(2);
    expect(stopped.stderr).not.toContain('    at ');
    expect(stopped.code).toBe(1);
    expect(existsSync(join(folder, 'stopped', 'run', 'checkpoint.safetensors'))).toBe(false);
  });
});

describe('a mistake', () => {
  /** One line on standard error, nothing on disk. */
  async function expectRefusal(args: readonly string[], message: RegExp): Promise<void> {
    const { code, stdout, stderr } = await spawnCli(args);
    const lines = stderr.trimEnd().split('\n');
    expect(lines.at(-1)).toMatch(/^pixcon: /);
    expect(lines.at(-1)).toMatch(message);
    expect(stderr).not.toContain('    at ');
    expect(
      lines.filter((line) => !line.startsWith('Backend: ') && !line.includes(' images from ')),
    ).toHaveLength(1);
    expect([code, stdout]).toEqual([1, '']);
    expect(existsSync(join(out, '..'))).toBe(false);
  }

  it.each([
    [['--epochs', '3.5'], /--epochs <count>.*3\.5.*whole number of at least 1/],
    [['--epochs', '-1'], /--epochs/],
    [['--batch-size', '0'], /--batch-size <images>.*at least 2/],
    [['--image-size', 'abc'], /--image-size <pixels>.*abc/],
    [['--queue-length', '1e3'], /--queue-length/],
    [['--output-stride', '12'], /--output-stride.*8, 16, 32/],
    [['--learning-rate', 'fast'], /--learning-rate.*above 0/],
    [['--method', 'simclr'], /--method.*simclr.*pixcon-sr, pixcon-sim/],
    [['--precision', 'half'], /--precision.*half.*full, mixed/],
    [
      ['--precision', 'mixed', '--backend', 'wasm', '--batch-size', '4'],
      /mixed precision needs the webgpu backend, but wasm is running/,
    ],
    [['--arch', 'vit'], /--arch.*vit.*resnet18/],
    [['--backend', 'cuda'], /--backend.*cuda.*tensorflow-gpu/],
    [['--sed', '1'], /unknown option '--sed'.*--seed/],
    [['extra'], /too many arguments/],
  ])('in a flag: %j', async (flags, message) => {
    await expectRefusal(['pretrain', photos, '--out', out, ...flags], message);
  });

  it('in the command', async () => {
    await expectRefusal(['pretrian', photos], /unknown command 'pretrian'/);
    await expectRefusal(['pretrain'], /missing required argument 'dir'/);
  });

  it.each([
    ['{ "epoch": 3 }', /unknown setting epoch; known are recipe, method, options, arch/],
    ['{ "optimizer": { "name": "sgd", "rate": 1 } }', /unknown setting optimizer\.rate/],
    ['{ "optimizer": { "name": "adam" } }', /optimizer\.name/],
    ['{ "epochs": "3" }', /epochs: expected a whole number, got "3"/],
    ['{ "epochs": 3.5, "batchSize": 1 }', /batchSize: .*>=2; epochs: expected a whole number, got 3\.5/],
    ['{ "queueLength": "many" }', /queueLength: expected "auto" or a whole number/],
    ['{ "planes": [1, 2] }', /planes: /],
    ['{\n  "epochs": 3,\n}', /config\.json is not valid JSON: /],
    ['[1]', /expected an object of settings .*got \[1\]/],
    ['', /is not valid JSON/],
  ])('in the configuration: %s', async (text, message) => {
    const file = join(folder, 'config.json');
    await writeFile(file, text);
    await expectRefusal(['pretrain', photos, '--config', file, '--out', out], message);
  });

  it('in a path', async () => {
    const empty = join(folder, 'empty');
    await mkdir(empty);
    const texts = join(folder, 'texts');
    await mkdir(texts);
    await writeFile(join(texts, 'a.txt'), 'a');
    await expectRefusal(['pretrain', join(folder, 'nowhere'), '--out', out], /does not exist/);
    await expectRefusal(['pretrain', settings, '--out', out], /is not a folder/);
    await expectRefusal(['pretrain', empty, '--out', out], /found no file at all/);
    await expectRefusal(['pretrain', texts, '--out', out], /found only other files: 1 × \.txt/);
    await expectRefusal(['pretrain', photos, '--out', out, '--config', empty], /cannot read .*: /);
    await expectRefusal(
      ['pretrain', photos, '--config', settings, '--out', settings],
      /is a file; choose another/,
    );
  });

  it('in what does not fit together', async () => {
    const args = ['pretrain', photos, '--config', settings, '--out', out];
    await expectRefusal([...args, '--batch-size', '25'], /has 24 images, fewer than the batch size of 25/);
    await expectRefusal(
      [...args, '--queue-length', '3'],
      /queueLength must be a whole number of at least 4, got 3/,
    );
  });

  it('names what to install for a backend that is not there', async () => {
    const { code, stderr } = await spawnCli([
      'pretrain',
      photos,
      '--backend',
      'tensorflow-gpu',
      '--out',
      out,
    ]);
    expect(stderr).toMatch(
      /^pixcon: startBackend: the 'tensorflow-gpu' backend cannot start .*; to use it, /m,
    );
    expect(code).toBe(1);
    expect(existsSync(out)).toBe(false);
  });

  it('in resuming', async () => {
    expect((await pretrain(['--epochs', '1'])).code).toBe(0);
    const before = await readFile(join(out, 'checkpoint.safetensors'));
    const again = await pretrain(['--epochs', '1']);
    expect(again.stderr).toMatch(
      /pixcon: pretrain: .* already holds a run \(checkpoint\.safetensors\); resume it \(--resume\)/,
    );
    expect(again.code).toBe(1);
    const other = await spawnCli(['pretrain', photos, '--out', out, '--resume', '--method', 'pixcon-sim']);
    expect(other.stderr).toMatch(
      /made with method "pixcon-sr", this run has "pixcon-sim"; resume with the same/,
    );
    expect(other.code).toBe(1);
    expect((await readFile(join(out, 'checkpoint.safetensors'))).equals(before)).toBe(true);
  });
});

describe('standard output', () => {
  it.skipIf(!existsSync('/dev/full'))('that a full disk does not take ends with an exit code', () => {
    const entry = fileURLToPath(new URL('./cli-entry.ts', import.meta.url));
    const flags = ['--conditions=@pixcon/source', '--import', 'tsx'];
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(process.execPath, [...flags, entry, 'methods'], {
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    });
    closeSync(full);
    expect(stderr).toBe(
      'pixcon: could not write to standard output: the disk is full (ENOSPC); free some space\n',
    );
    expect(status).toBe(1);
  });
});

describe('--help', () => {
  it('is quick: it loads no library', async () => {
    const coverage = join(folder, 'coverage');
    const { code, stdout } = await spawnCli(['--help'], { env: { NODE_V8_COVERAGE: coverage } });
    expect(stdout).toContain('pretrain [options] <dir>');
    expect(stdout).toContain('install-tensorflow');
    expect(code).toBe(0);
    // The coverage files list every script that was loaded.
    const files = await readdir(coverage);
    const loaded = (await Promise.all(files.map((file) => readFile(join(coverage, file), 'utf8')))).join();
    expect(loaded).toContain('/commander/');
    expect(loaded).not.toMatch(/tfjs-core|\/zod\/|\/sharp\//);
    expect((await spawnCli(['install-tensorflow', '--help'])).stdout).toMatch(/--gpu[\s\S]*--no-gpu/);
  });
});
