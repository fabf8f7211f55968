import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { byolAugmentation } from '@pixcon/augment';
import { startBackend } from '@pixcon/backend';
import {
  decodeTorch,
  type EncodableTensor,
  encodeSafetensors,
  type HostTensor,
  loadParameters,
  toTensors,
} from '@pixcon/checkpoints';
import { readSafetensors } from '@pixcon/checkpoints/node';
import { ParameterSet, RandomStream, scoped } from '@pixcon/core';
import { describeBackends, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { buildMethod } from '../src/build-method.ts';
import { exportCommand } from '../src/commands/export.ts';
import { importCommand } from '../src/commands/import.ts';
import { type RunConfig, resolveRunConfig } from '../src/run-config.ts';
import { hasTorchvision, python } from './python.ts';
import { spawnCli } from './spawn-cli.ts';
import { type TrainedRun, writeTrainedRun } from './trained-run.ts';

interface GraphModel {
  readonly inputs: readonly { readonly name: string }[];
  readonly outputs: readonly { readonly name: string }[];
  execute(images: tf.Tensor, outputs: readonly string[]): tf.Tensor[];
  dispose(): void;
}

/** The loader of pages; it must work with what this package writes, not be part of it. */
const { loadGraphModelSync } = createRequire(import.meta.url)('@tensorflow/tfjs-converter') as {
  loadGraphModelSync(artifacts: object): GraphModel;
};

extendExpect();

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pixcon-export-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs with standard output kept; gives it back. */
async function quietly(work: () => Promise<number>): Promise<string> {
  const written: string[] = [];
  const keep = (text: string | Uint8Array) => written.push(String(text)) > 0;
  const spies = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockImplementation(keep),
  );
  try {
    expect(await work()).toBe(0);
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return written.join('');
}

/** Every stage's features by the backbone of this library, and the images that they are of. */
function features(config: RunConfig, parameters: ParameterSet, images: tf.Tensor4D): tf.Tensor4D[] {
  const { backbone, backbonePrefix } = buildMethod(config);
  const stages = backbone.stages.slice(1).map(({ name }) => name);
  return backbone.features(scoped(parameters, backbonePrefix), images, stages, { training: false });
}

/** RGB of 0 to 255. */
function somePixels(size: number): tf.Tensor4D {
  const random = new RandomStream(9);
  const data = Float32Array.from({ length: size * size * 3 }, () => random.integer(0, 256));
  return tf.tensor4d(data, [1, size, size, 3]);
}

function normalised(pixels: tf.Tensor4D): tf.Tensor4D {
  const { mean, standardDeviation } = byolAugmentation();
  return tf.tidy(() =>
    tf.div(tf.sub(tf.div(pixels, 255), tf.tensor1d([...mean])), tf.tensor1d([...standardDeviation])),
  );
}

async function readGraphModel(path: string): Promise<object> {
  const { modelTopology, weightsManifest, signature, format } = JSON.parse(await readFile(path, 'utf8'));
  const [{ paths, weights }] = weightsManifest;
  const files = await Promise.all(paths.map((name: string) => readFile(join(path, '..', name))));
  const weightData = new Uint8Array(Buffer.concat(files)).buffer;
  return { modelTopology, signature, format, weightSpecs: weights, weightData };
}

describeBackends('pixcon export --format tfjs', () => {
  it.each([
    { name: 'strided', settings: { arch: 'resnet18', planes: [4, 8, 12, 16] } },
    { name: 'dilated', settings: { arch: 'resnet50', planes: [4, 4, 8, 8], outputStride: 8 } },
  ])('computes the features of the backbone in a GraphModel: $name', async ({ name, settings }) => {
    const run = await writeTrainedRun(join(folder, `${name}-${tf.getBackend()}`), settings);
    const out = join(run.path, 'web', 'model.json');
    await quietly(() => exportCommand(run.path, { format: 'tfjs', encoder: 'online', out }));
    const model = loadGraphModelSync(await readGraphModel(out));
    expect(model.inputs.map(({ name }) => name)).toEqual(['images']);
    const stages = ['layer1', 'layer2', 'layer3', 'layer4'];
    expect(model.outputs.map(({ name }) => name).sort()).toEqual(stages);
    for (const size of [64, 49]) {
      const pixels = somePixels(size);
      const images = normalised(pixels);
      const expected = features(run.config, run.state.online, images);
      const actual = model.execute(pixels, stages);
      for (const [index, map] of actual.entries()) {
        await expect(map).toBeAllClose(expected[index] as tf.Tensor, {
          relative: 0,
          absolute: 1e-4 * (await largest(map)),
        });
      }
      tf.dispose([pixels, images, expected, actual]);
    }
    model.dispose();
    run.state.dispose();
  });
});

async function largest(tensor: tf.Tensor): Promise<number> {
  const peak = tf.tidy(() => tf.max(tf.abs(tensor)));
  const [value] = await peak.data();
  peak.dispose();
  return value as number;
}

describe('pixcon export', () => {
  let run: TrainedRun;
  beforeAll(async () => {
    await startBackend('wasm');
    run = await writeTrainedRun(join(folder, 'narrow'), { arch: 'resnet18', planes: [2, 4, 8, 16] });
  });
  afterAll(() => run.state.dispose());

  it.each(['online', 'target'] as const)('takes the %s encoder', async (encoder) => {
    const out = join(folder, encoder, 'mm.pth');
    const text = await quietly(() => exportCommand(run.path, { format: 'mmseg', encoder, out }));
    const { tensors } = decodeTorch(await readFile(out));
    const parameters = run.state[encoder] as ParameterSet;
    expect(tensors.get('bn1.bias')?.data).toEqual(await parameters.get('backbone.bn1.bias').data());
    expect(text).toContain(`checkpoint=${JSON.stringify(out)}`);
    const other = encoder === 'online' ? 'target' : 'online';
    expect(text).toContain(`note: this is the ${encoder} encoder; --encoder ${other} takes the ${other} one`);
  });

  it('writes a GraphModel into a folder that is there', async () => {
    const out = join(folder, 'page');
    await mkdir(out);
    const text = await quietly(() => exportCommand(run.path, { format: 'tfjs', encoder: 'online', out }));
    expect(await readdir(out)).toEqual(['group1-shard1of1.bin', 'model.json']);
    expect(text).toContain("model.execute(images, 'layer4'); // [1, height / 32, width / 32, 16]");
  });

  it('gives two GraphModels of one folder weights of their own', async () => {
    const out = join(folder, 'two');
    for (const encoder of ['online', 'target'] as const) {
      const file = join(out, `${encoder}.json`);
      const text = await quietly(() => exportCommand(run.path, { format: 'tfjs', encoder, out: file }));
      expect(text).toContain(`tf.loadGraphModel("${encoder}.json")`);
    }
    expect((await readdir(out)).sort()).toEqual([
      'online-shard1of1.bin',
      'online.json',
      'target-shard1of1.bin',
      'target.json',
    ]);
    const { weightsManifest } = JSON.parse(await readFile(join(out, 'online.json'), 'utf8'));
    expect(weightsManifest[0].paths).toEqual(['online-shard1of1.bin']);
  });

  it.each<[string, string[], string]>([
    [
      'a network that the format has no place for',
      ['--format', 'torchvision', '--out', 'x.safetensors'],
      'torchvision: its stages are 64, 128, 256 and 512 planes wide',
    ],
    [
      'an ending that the library would not read',
      ['--format', 'detectron2', '--out', 'x.pth'],
      '--out: expected a file that ends in .pkl, got x.pth',
    ],
    [
      'an unknown format',
      ['--format', 'onnx', '--out', 'x'],
      'Allowed choices are torchvision, mmseg, detectron2, tfjs',
    ],
    ['no file', ['--format', 'tfjs'], "required option '--out <file>' not specified"],
  ])('refuses %s', async (_, args, message) => {
    const { code, stderr, stdout } = await spawnCli(['export', run.path, ...args]);
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect([code, stdout]).toEqual([1, '']);
  });

  it('says when there is no run, no checkpoint, or no such encoder', async () => {
    const options = { format: 'mmseg', encoder: 'target', out: join(folder, 'y.pth') } as const;
    await expect(exportCommand(join(folder, 'nothing'), options)).rejects.toThrow('is not a run folder');
    const begun = join(folder, 'begun');
    await mkdir(begun);
    await writeFile(join(begun, 'config.json'), JSON.stringify(run.config));
    await expect(exportCommand(begun, options)).rejects.toThrow('has no checkpoint yet');
    const checkpoint = await readFile(join(run.path, 'checkpoint.safetensors'));
    await writeFile(join(begun, 'checkpoint.safetensors'), checkpoint.subarray(0, checkpoint.length - 1));
    await expect(exportCommand(begun, options)).rejects.toThrow(
      /could not read .* tensor \S+ has data_offsets/,
    );
  });
});

describe('pixcon import', () => {
  it('reads back what export wrote, from either format', async () => {
    await startBackend('wasm');
    const run = await writeTrainedRun(join(folder, 'back'), { arch: 'resnet34', planes: [2, 4, 8, 16] });
    const pth = join(folder, 'back.pth');
    await quietly(() => exportCommand(run.path, { format: 'mmseg', encoder: 'online', out: pth }));
    const out = join(folder, 'back.safetensors');
    const text = await quietly(() => importCommand(pth, { out }));
    expect(text).toContain(`took 180 tensors of resnet34 from ${pth} (state_dict)`);
    const { tensors } = await readSafetensors(out);
    expect(tensors.size).toBe(180);
    const again = join(folder, 'again.safetensors');
    await quietly(() => importCommand(out, { arch: 'resnet34', out: again }));
    expect((await readSafetensors(again)).tensors).toEqual(tensors);
    await expect(importCommand(out, { arch: 'resnet50', out: again })).rejects.toThrow(
      `${out}: it holds resnet34, not the resnet50 that was asked for`,
    );
    run.state.dispose();
  });

  it('names the tensor that is missing, mis-shaped or not finite', async () => {
    await startBackend('wasm');
    const run = await writeTrainedRun(join(folder, 'broken'), { arch: 'resnet18', planes: [2, 4, 8, 16] });
    const pth = join(folder, 'broken.pth');
    await quietly(() => exportCommand(run.path, { format: 'mmseg', encoder: 'online', out: pth }));
    const whole = decodeTorch(await readFile(pth)).tensors as Map<string, EncodableTensor>;
    const attempt = async (change: (tensors: Map<string, EncodableTensor>) => void) => {
      const tensors = new Map(whole);
      change(tensors);
      const file = join(folder, 'broken.safetensors');
      await writeFile(file, encodeSafetensors(tensors));
      await importCommand(file, { out: join(folder, 'never.safetensors') });
    };
    const vector = (...values: number[]): EncodableTensor => ({
      dtype: 'F32',
      shape: [values.length],
      data: Float32Array.from(values),
    });
    await expect(attempt((tensors) => tensors.delete('layer3.1.bn2.bias'))).rejects.toThrow(
      'missing layer3.1.bn2.bias',
    );
    await expect(attempt((tensors) => tensors.set('bn1.bias', vector(1, 2, 3)))).rejects.toThrow(
      'mis-shaped bn1.bias (expected [2], got [3])',
    );
    await expect(attempt((tensors) => tensors.set('bn1.bias', vector(1, Number.NaN)))).rejects.toThrow(
      'tensor bn1.bias must be finite, but holds 1 NaN of 2 values (the first at 1)',
    );
    run.state.dispose();
  });
});

const torchvision = await hasTorchvision();
if (!torchvision) {
  console.warn(
    'python3 with torchvision and safetensors was not found: what PyTorch makes of exports is not checked here',
  );
}

// Whole networks: random weights, files of 100 MB and PyTorch's start take their time on a busy machine.
describe('in PyTorch', { timeout: 300_000 }, () => {
  const execute = promisify(execFile);

  it.runIf(torchvision).each([
    ['torchvision.models.resnet18()', { arch: 'resnet18' }],
    ['torchvision.models.resnet50()', { arch: 'resnet50' }],
    [
      'torchvision.models.resnet50(replace_stride_with_dilation=[False, False, True])',
      { arch: 'resnet50', outputStride: 16 },
    ],
  ])('%s takes the export and computes the same', async (expression, settings) => {
    await startBackend('wasm');
    const run = await writeTrainedRun(join(folder, 'whole'), settings);
    const exports = join(folder, 'exports');
    const names = {
      torchvision: 'torchvision.safetensors',
      mmseg: 'mmseg.pth',
      detectron2: 'detectron2.pkl',
    } as const;
    for (const [format, name] of Object.entries(names) as [keyof typeof names, string][]) {
      const text = await quietly(() =>
        exportCommand(run.path, { format, encoder: 'online', out: join(exports, name) }),
      );
      if (format === 'torchvision') expect(text).toContain(`model = ${expression}\n`);
    }
    const images = tf.tidy(() => normalised(somePixels(64)));
    const maps = features(run.config, run.state.online, images);
    const channelsFirst = async (tensor: tf.Tensor4D): Promise<EncodableTensor> => {
      const transposed = tf.transpose(tensor, [0, 3, 1, 2]);
      const data = await transposed.data<'float32'>();
      transposed.dispose();
      const [batch, height, width, channels] = tensor.shape;
      return { dtype: 'F32', shape: [batch, channels, height, width], data };
    };
    const content = new Map([['images', await channelsFirst(images)]]);
    for (const [index, map] of maps.entries()) content.set(`layer${index + 1}`, await channelsFirst(map));
    await writeFile(join(exports, 'features.safetensors'), encodeSafetensors(content));
    await writeFile(join(exports, 'model.txt'), expression);
    tf.dispose([images, maps]);
    run.state.dispose();
    const { stdout } = await execute(python, [join(import.meta.dirname, 'check_exports.py'), exports]);
    expect(stdout).toContain(`${expression}: features agree to`);
  });

  it.runIf(torchvision)('imports what torchvision saved, and computes the same', async () => {
    await startBackend('wasm');
    const weights = join(folder, 'weights');
    await mkdir(weights);
    await execute(python, [join(import.meta.dirname, 'make_weights.py'), weights]);
    const imported = join(weights, 'imported.safetensors');
    const text = await quietly(() =>
      importCommand(join(weights, 'stream.pth'), { arch: 'resnet18', out: imported }),
    );
    expect(text).toContain(
      '(state_dict, module.encoder_q.…); ignored module.encoder_q.fc.weight, module.encoder_q.fc.bias',
    );
    const plain = join(weights, 'plain.safetensors');
    await quietly(() => importCommand(join(weights, 'resnet18.pth'), { out: plain }));
    const { tensors } = await readSafetensors(imported);
    const bytes = ({ data }: HostTensor) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    for (const [name, tensor] of (await readSafetensors(plain)).tensors) {
      expect(bytes(tensor).equals(bytes(tensors.get(name) as HostTensor)), name).toBe(true);
    }
    const { backbone } = buildMethod(resolveRunConfig({ arch: 'resnet18' }, 'test'));
    const parameters = ParameterSet.create(backbone.parameters, new RandomStream(0));
    loadParameters(parameters, tensors);
    const torch = toTensors((await readSafetensors(join(weights, 'features.safetensors'))).tensors);
    const channelsLast = (name: string) => tf.transpose(torch.get(name) as tf.Tensor4D, [0, 2, 3, 1]);
    const [images, expected] = [channelsLast('images'), channelsLast('features')];
    const actual = backbone.apply(parameters, images, { training: false });
    await expect(actual).toBeAllClose(expected, { relative: 0, absolute: 1e-4 * (await largest(expected)) });
    tf.dispose([...torch.values(), images, expected, actual]);
    parameters.dispose();
  });
});
