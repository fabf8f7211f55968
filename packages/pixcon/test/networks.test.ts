import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBackend } from '@pixcon/backend';
import { type EncodableTensor, encodeSafetensors, encodeTorch, parametersToFile } from '@pixcon/checkpoints';
import { readSafetensors } from '@pixcon/checkpoints/node';
import { ParameterSet, RandomStream } from '@pixcon/core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { buildMethod } from '../src/build-method.ts';
import { importCommand } from '../src/commands/import.ts';
import { pretrainCommand } from '../src/commands/pretrain.ts';
import { exportNotice } from '../src/export-notice.ts';
import { openRun } from '../src/open-run.ts';
import { resolveRunConfig } from '../src/run-config.ts';
import { writePhotos } from './photos.ts';

const tiny = { planes: [2, 4, 8, 16], hidden: 16, dim: 8, outputStride: 8, imageSize: 32, batchSize: 4 };
type Weights = ReadonlyMap<string, EncodableTensor>;

let folder: string;
let student: Weights;
let teacher: Weights;

beforeAll(async () => {
  await startBackend('wasm');
  folder = await mkdtemp(join(tmpdir(), 'pixcon-networks-'));
  const { backbone } = buildMethod(resolveRunConfig(tiny, 'test'));
  const weights = async (seed: number) => {
    const parameters = ParameterSet.create(backbone.parameters, new RandomStream(seed));
    const file = await parametersToFile(parameters);
    parameters.dispose();
    return file;
  };
  [student, teacher] = [await weights(1), await weights(2)];
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs a command; gives back what it wrote to standard error. */
async function told(work: () => Promise<number>): Promise<string> {
  const written: string[] = [];
  const spy = vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  try {
    expect(await work()).toBe(0);
  } finally {
    spy.mockRestore();
  }
  return written.join('');
}

const under = (prefix: string, weights: Weights) =>
  [...weights].map(([name, tensor]) => [prefix + name, tensor] as const);
const both = () => new Map([...under('teacher.backbone.', teacher), ...under('student.backbone.', student)]);
const convolution = 'layer3.1.conv2.weight';

describe('pixcon import, of a file with two networks', () => {
  it.each([
    ['.pth', encodeTorch],
    ['.safetensors', encodeSafetensors],
  ] as const)('says which it took of a %s, and takes the one that is asked for', async (ending, encode) => {
    const file = join(folder, `two${ending}`);
    await writeFile(file, encode(both()));
    const out = join(folder, 'taken.safetensors');
    const taken = async (network?: string) => {
      const text = await told(() =>
        importCommand(file, { out, ...(network === undefined ? {} : { network }) }),
      );
      const { tensors, metadata } = await readSafetensors(out);
      return { text, metadata, data: tensors.get(convolution)?.data };
    };
    const chosen = await taken();
    expect(chosen.text).toMatch(
      /student\.backbone rather than \S*teacher\.backbone, because the online encoder comes before its moving average, though methods with a teacher score the teacher \(--network NAME takes another\)/,
    );
    expect(chosen.data).toEqual(student.get(convolution)?.data);
    expect(chosen.metadata.network).toMatch(/student\.backbone$/);
    expect((await taken('student')).data).toEqual(chosen.data);
    const asked = await taken('teacher');
    expect(asked.text).toContain('because it was asked for');
    expect(asked.data).toEqual(teacher.get(convolution)?.data);
    await expect(taken('ema')).rejects.toThrow(
      /two\.\w+: findBackbone: no network is named "ema"; the file has \S*student\.backbone, \S*teacher\.backbone$/,
    );
  });

  it('says what is missing, and the first names of the file', async () => {
    const file = join(folder, 'cut.safetensors');
    const names = [...under('encoder.', student)].filter(([name]) => !name.endsWith('layer4.1.bn2.bias'));
    await writeFile(file, encodeSafetensors(new Map(names)));
    await expect(importCommand(file, { out: join(folder, 'never.safetensors') })).rejects.toThrow(
      'missing layer4.1.bn2.bias; its names are encoder.bn1.bias, encoder.bn1.running_mean',
    );
  });
});

describe('pixcon pretrain --init --network', () => {
  it('begins with the network that is asked for, and keeps its name', async () => {
    const photos = join(folder, 'photos');
    await writePhotos(photos, 8);
    const file = join(folder, 'init.pth');
    await writeFile(file, encodeTorch(both()));
    const out = join(folder, 'run');
    const flags = { ...tiny, init: file, network: 'teacher', epochs: 1, backend: 'wasm', report: false };
    const text = await told(() => pretrainCommand(photos, { out, resume: false, flags }));
    expect(text).toContain('teacher.backbone rather than state_dict.student.backbone');
    expect(text).toContain('note: resnet18 has no export to torchvision (its stages are 64');
    expect(JSON.parse(await readFile(join(out, 'config.json'), 'utf8')).network).toBe(
      'state_dict.teacher.backbone',
    );
    const untrained = (await openRun(out)).untrained();
    const tensors = await parametersToFile(untrained.online as ParameterSet, { prefix: 'backbone' });
    expect(tensors.get(convolution)?.data).toEqual(teacher.get(convolution)?.data);
    untrained.dispose();
    const resume = (network: string) => () =>
      pretrainCommand(photos, { out, resume: true, flags: { ...flags, network } });
    await expect(resume('student')()).rejects.toThrow(
      `--network: the run in ${out} began with state_dict.teacher.backbone and goes on from its checkpoint, got student`,
    );
    await told(resume('teacher'));
    const { init: _, ...bare } = flags;
    await expect(
      pretrainCommand(photos, { out: join(folder, 'none'), resume: false, flags: bare }),
    ).rejects.toThrow('--network chooses among the networks of --init FILE, got no --init');
  });
});

describe('exportNotice', () => {
  const notice = (settings: object) => {
    const config = resolveRunConfig(settings, 'test');
    return exportNotice(buildMethod(config).backbone, config.outputStride);
  };

  it('tells before the run what its export will refuse', () => {
    expect(notice({ arch: 'resnet10' })).toBe(
      'note: resnet10 has no export to mmseg and detectron2 (the depths there are 18, 34, 50, 101, 152, this network has stages of 1, 1, 1, 1 blocks); tfjs takes it, and backbone.safetensors has torchvision’s names',
    );
    expect(notice({ planes: [32, 64, 128, 256] })).toMatch(
      /^note: resnet18 has no export to torchvision \(its stages/,
    );
  });

  it.each(['resnet18', 'resnet34', 'resnet50', 'resnet101'])('says nothing of %s', (arch) => {
    expect(notice({ arch })).toBeUndefined();
  });
});
