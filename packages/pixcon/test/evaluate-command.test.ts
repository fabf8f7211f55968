import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EvaluationResult } from '@pixcon/evaluation';
import type { ReportScore } from '@pixcon/visualize';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FoundInData } from '../src/found-in-data.ts';
import { sceneClassNames, writeLabelledScenes } from './labelled-scenes.ts';
import { spawnCli } from './spawn-cli.ts';

let folder: string;
let run: string;
const at = (...path: string[]) => join(folder, ...path);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pixcon-evaluate-'));
  run = at('run');
  await writeLabelledScenes(folder, 15);
  const tiny = { planes: [4, 4, 8, 8], hidden: 16, dim: 8, outputStride: 8, imageSize: 32, batchSize: 5 };
  await writeFile(at('tiny.json'), JSON.stringify({ ...tiny, epochs: 1, backend: 'wasm' }));
  const { code, stderr } = await spawnCli([
    'pretrain',
    at('images'),
    '--config',
    at('tiny.json'),
    '--out',
    run,
  ]);
  if (code !== 0) throw new Error(stderr);
}, 60_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

function evaluate(protocol: string, ...args: string[]) {
  return spawnCli(['evaluate', run, '--protocol', protocol, '--backend', 'wasm', ...args]);
}

interface Record {
  readonly report: ReportScore;
  readonly step: number;
  readonly data: {
    readonly train: readonly string[];
    readonly validation: readonly string[];
    readonly description: string;
    readonly notices: readonly string[];
    readonly found: FoundInData;
  };
  readonly untrained: EvaluationResult;
  readonly trained: EvaluationResult;
}

async function readRecord(path: string): Promise<Record> {
  return JSON.parse(await readFile(path, 'utf8')) as Record;
}

const labelled = () => ['--data', at('images'), '--masks', at('masks'), '--void', '9'];

describe('pixcon evaluate', () => {
  it('scores what was trained in mixed precision on any backend', async () => {
    const mixed = at('mixed');
    await cp(run, mixed, { recursive: true });
    const config = JSON.parse(await readFile(join(mixed, 'config.json'), 'utf8')) as object;
    await writeFile(join(mixed, 'config.json'), JSON.stringify({ ...config, precision: 'mixed' }));
    const { code, stderr } = await spawnCli([
      'evaluate',
      mixed,
      ...['--protocol', 'cell-knn', '--backend', 'wasm', '--statistics', 'estimated'],
      ...labelled(),
    ]);
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('precision')]);
  });

  it('prints both networks, and writes the same into the run folder and the file asked for', async () => {
    const json = at('deep', 'scores.json');
    const { code, stdout, stderr } = await evaluate(
      'linear-segmentation',
      ...labelled(),
      '--classes',
      sceneClassNames.join(','),
      '--json',
      json,
    );
    expect(stderr).toContain('10 images to learn from, 5 to score, 3 classes; split: train/ and val/');
    expect(stderr).toMatch(/untrained: mIoU \d+\.\d\d% \(\d+\.\d s\)\ntrained, 3 steps: mIoU/);
    expect(code).toBe(0);
    expect(stdout).toContain('linear segmentation, online encoder after 3 steps');
    expect(stdout).toMatch(/untrained +trained +difference\nmIoU +\d+\.\d\d% +\d+\.\d\d% +[+−]\d+\.\d\d\n/);
    for (const name of sceneClassNames) expect(stdout).toMatch(new RegExp(`\\n  ${name} +\\d`));

    const record = await readRecord(json);
    expect(await readRecord(join(run, 'scores', 'linear-segmentation-online.json'))).toEqual(record);
    expect([record.data.train.length, record.data.validation.length, record.step]).toEqual([10, 5, 3]);
    expect(record.report).toMatchObject({
      title: 'linear segmentation, layer4, online encoder',
      metric: 'mIoU',
      untrained: record.untrained.value,
      trained: record.trained.value,
      confusion: record.trained.confusion,
    });
    expect(record.report.perClass?.map(({ name }) => name)).toEqual(sceneClassNames);
    expect(stderr).toContain('found: 15 images with a mask; labels 0, 1, 2; void: 9 (0.0 % of the pixels)\n');
    const { histogram, ...found } = record.data.found;
    expect(found).toMatchObject({ images: 15, classes: 3, labels: 4 });
    expect(histogram?.map(({ value, name }) => [value, name])).toEqual([
      ...sceneClassNames.map((name, value) => [value, name]),
      [9, null],
    ]);
    expect(histogram?.reduce((sum, { pixels }) => sum + (pixels ?? 0), 0)).toBe(15 * 48 * 48);
    expect(record.trained.details).not.toEqual(record.untrained.details);
    // All but the void pixel of each of five images.
    const counted = record.trained.confusion.flat().reduce((sum, count) => sum + count, 0);
    expect(counted).toBe(5 * (48 * 48 - 1));
  });

  it('scores the target encoder and earlier stages, and gives the same numbers again', async () => {
    const args = [
      ...labelled(),
      '--encoder',
      'target',
      '--stage',
      'layer2',
      '--neighbours',
      '3',
      '--limit',
      '4',
    ];
    const first = await evaluate('cell-knn', ...args);
    expect([first.code, first.stderr.includes('4 images to learn from, 4 to score')]).toEqual([0, true]);
    const file = join(run, 'scores', 'cell-knn-target-layer2.json');
    const record = await readRecord(file);
    expect(record.trained.settings).toMatchObject({ stage: 'layer2', neighbours: 3, imageSize: 32 });
    expect(record.report.title).toBe('nearest neighbours of cells, layer2, target encoder');
    expect((await evaluate('cell-knn', ...args)).stdout).toBe(first.stdout);
    expect(await readRecord(file)).toEqual(record);
  });

  it('scores matches, and classes of whole images', async () => {
    const few = await evaluate('match-consistency', ...labelled(), '--limit', '2', '--json', at('few.json'));
    expect([few.code, (await readRecord(at('few.json'))).data.validation.length]).toEqual([0, 2]);
    const consistency = await evaluate('match-consistency', ...labelled());
    expect(consistency.stdout).toMatch(/matches in the same segment +\d.*\n +chance +\d.*\n +possible +\d/);
    expect(consistency.stdout).toContain('matching: semantic');
    const { trained } = await readRecord(join(run, 'scores', 'match-consistency-online.json'));
    expect(trained.value).toBeGreaterThan(trained.chance);
    expect(trained.details.possible).toBeGreaterThan(trained.value);
    for (const [protocol, data, split] of [
      ['linear-classification', 'classes', 'by a hash of their names'],
      ['image-knn', 'parts', 'split: Training/ and Testing/'],
    ] as const) {
      const { code, stdout, stderr } = await evaluate(protocol, '--data', at(data));
      expect(stderr).toContain(split);
      expect(stderr).toContain('found: 15 images of disc (8), square (7)');
      expect([code, stdout.includes('\n  disc '), stdout.includes('\n  square ')]).toEqual([0, true, true]);
    }
  });

  it('scores masks of 0 and 255 where nothing is void', async () => {
    const args = ['--data', at('images'), '--masks', at('binary'), '--void', 'none', '--limit', '4'];
    const { code, stderr } = await evaluate(
      'cell-knn',
      ...args,
      '--split',
      'hash',
      '--json',
      at('binary.json'),
    );
    expect([code, stderr]).toEqual([0, expect.stringContaining('labels 0, 255; nothing is void')]);
    const { trained, data } = await readRecord(at('binary.json'));
    expect([trained.classNames, trained.confusion.flat()]).toEqual([
      ['class 0', 'class 255'],
      expect.any(Array),
    ]);
    expect(data.description).toContain('by a hash');
  });

  it('says in one sentence what is wrong, and writes nothing', async () => {
    const before = await readdir(join(run, 'scores'));
    const cases: readonly [readonly string[], RegExp][] = [
      [['cell-knn', '--data', at('images')], /needs --masks DIR/],
      [['image-knn', ...labelled()], /takes no --masks/],
      [
        ['cell-knn', ...labelled(), '--stage', 'layer9'],
        /--stage must be one of stem, layer1, layer2, layer3, layer4, got layer9/,
      ],
      [['cell-knn', '--data', at('images'), '--masks', at('nowhere')], /nowhere does not exist/],
      [
        ['cell-knn', '--data', at('images'), '--masks', at('masks'), '--classes', 'a,b'],
        /name more classes or call it void/,
      ],
      [['cell-knn', ...labelled(), '--classes', 'nofile.txt'], /--classes must be names/],
      [
        ['linear-segmentation', '--data', at('images'), '--masks', at('binary')],
        /0 and 255 are the only values of all 15 masks, and 255 means void.*--void none/,
      ],
      [
        ['match-consistency', '--data', at('images'), '--masks', at('binary')],
        /no image of which shows two segments, and 255 means void/,
      ],
      [['match-consistency', ...labelled(), '--split', 'hash'], /takes no --split/],
      [['image-knn', '--data', at('parts'), '--limit', '1'], /nothing can be told apart among the 1 image/],
      [['cell-knn', ...labelled(), '--void', 'x'], /whole numbers with commas/],
      [['image-knn', '--data', at('images', 'train')], /lies in none/],
      [['everything', ...labelled()], /linear-segmentation/],
    ];
    await Promise.all(
      cases.map(async ([[protocol = '', ...args], message]) => {
        const { code, stdout, stderr } = await evaluate(protocol, ...args, '--json', at('never.json'));
        expect(stderr.trim().split('\n').at(-1)).toMatch(message);
        expect([code, stdout]).toEqual([1, '']);
      }),
    );
    const noRun = await spawnCli(['evaluate', at('images'), '--protocol', 'cell-knn', ...labelled()]);
    expect([noRun.code, noRun.stderr.trim()]).toEqual([
      1,
      expect.stringMatching(/^pixcon: .*images is not a run folder \(no config\.json\)/),
    ]);
    const inFile = join(run, 'config.json', 'scores.json');
    const unwritable = await evaluate('cell-knn', ...labelled(), '--json', inFile);
    expect([unwritable.code, unwritable.stdout, unwritable.stderr]).toEqual([
      1,
      '',
      expect.stringMatching(
        /^pixcon: cannot write .*: a part of .*config\.json is a file; choose another path$/m,
      ),
    ]);
    expect(existsSync(at('never.json'))).toBe(false);
    expect(await readdir(join(run, 'scores'))).toEqual(before);
  });
});
