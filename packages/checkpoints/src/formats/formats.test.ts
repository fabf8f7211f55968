import { describe, expect, it } from 'vitest';
import { type TinyResNetOptions, tinyResNet } from '../../test/tiny-resnet.ts';
import { decodeSafetensors } from '../decode-safetensors.ts';
import type { EncodableTensor } from '../host-tensor.ts';
import { decodePickle } from '../pickle/decode-pickle.ts';
import { PickleFunction, PickleTuple } from '../pickle/values.ts';
import { decodeTorch } from '../torch/decode-torch.ts';
import { detectron2Name, exportDetectron2 } from './detectron2.ts';
import { exportMmsegmentation } from './mmsegmentation.ts';
import { exportTorchvision } from './torchvision.ts';

/** Only as wide as torchvision's where that is looked at: a whole ResNet would be slow. */
const standard = (options: TinyResNetOptions = {}) =>
  tinyResNet({ layers: [1, 1, 1, 1], planes: [64, 128, 256, 512], ...options });
const withoutCounters = <T>(tensors: ReadonlyMap<string, T>) =>
  new Map([...tensors].filter(([name]) => !/num_batches_tracked$|^fc\./.test(name)));
const recipeOf = (file: { readonly recipe: readonly string[] }) => file.recipe.join('\n');

describe('exportTorchvision', () => {
  it('has the whole state dict: backbone, counters, a classifier of zeros', () => {
    const tensors = standard();
    const file = exportTorchvision({ tensors, outputStride: 32, metadata: { method: 'pixcon-sr' } });
    const { tensors: read, metadata } = decodeSafetensors(file.bytes);
    const shapes = (map: ReadonlyMap<string, { readonly shape: readonly number[] }>) =>
      [...map].map(([name, { shape }]) => `${name} ${shape.join(' ')}`).sort();
    expect(shapes(withoutCounters(read))).toEqual(shapes(tensors));
    for (const name of ['conv1.weight', 'bn1.running_var']) {
      expect(read.get(name)).toEqual(tensors.get(name));
    }
    expect(read.get('fc.weight')).toEqual({
      dtype: 'F32',
      shape: [1000, 512],
      data: new Float32Array(512_000),
    });
    expect(read.get('fc.bias')?.shape).toEqual([1000]);
    expect(read.get('layer2.0.downsample.1.num_batches_tracked')).toEqual({
      dtype: 'I64',
      shape: [],
      data: new BigInt64Array(1),
    });
    const normalizations = [...tensors.keys()].filter((name) => name.endsWith('running_var')).length;
    expect(read.size).toBe(tensors.size + normalizations + 2);
    expect(metadata).toMatchObject({
      format: 'pt',
      method: 'pixcon-sr',
      classifier: 'fc is zero: it was not trained',
    });
    expect(file.notes).toEqual([]);
  });

  it.each<[TinyResNetOptions, number, string]>([
    [{}, 32, 'torchvision.models.ResNet(torchvision.models.resnet.BasicBlock, [1, 1, 1, 1])'],
    [{ layers: [2, 2, 2, 2] }, 32, 'model = torchvision.models.resnet18()'],
    [
      { block: 'bottleneck' },
      16,
      'torchvision.models.ResNet(torchvision.models.resnet.Bottleneck, [1, 1, 1, 1], replace_stride_with_dilation=[False, False, True])',
    ],
    [{ block: 'bottleneck' }, 8, 'replace_stride_with_dilation=[False, True, True])'],
  ])('says how to build %o of output stride %d', (options, outputStride, expected) => {
    expect(recipeOf(exportTorchvision({ tensors: standard(options), outputStride }))).toContain(expected);
  });

  it('says that torchvision does not dilate basic blocks', () => {
    const file = exportTorchvision({ tensors: standard(), outputStride: 16 });
    expect(recipeOf(file)).not.toContain('dilation');
    expect(file.notes).toEqual([
      expect.stringContaining('computes the same at stride 32, which is every second'),
    ]);
  });

  it.each<[TinyResNetOptions, string]>([
    [{ planes: [16, 32, 64, 128] }, 'these 16, 32, 64, 128 behind 16'],
    [{ layers: [1, 1, 1] }, 'four stages, this one has 3'],
    [{ stemSize: 3 }, 'this one 3×3'],
  ])('refuses %o', (options, message) => {
    expect(() => exportTorchvision({ tensors: standard(options), outputStride: 32 })).toThrow(message);
  });
});

describe('exportMmsegmentation', () => {
  it('is a checkpoint of torchvision names and the configuration', () => {
    const tensors = tinyResNet();
    const file = exportMmsegmentation({ tensors, outputStride: 32 });
    const { tensors: read, path } = decodeTorch(file.bytes);
    expect(path).toEqual(['state_dict']);
    expect(withoutCounters(read)).toEqual(tensors);
    expect(read.get('bn1.num_batches_tracked')?.dtype).toBe('I64');
    expect(recipeOf(file)).toContain(
      "type='ResNet', depth=18, style='pytorch', base_channels=2, stem_channels=2, strides=(1, 2, 2, 2)",
    );
  });

  it.each([
    [16, 'strides=(1, 2, 2, 1), dilations=(1, 1, 1, 2), contract_dilation=True'],
    [8, 'strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4), contract_dilation=True'],
  ])('dilates for output stride %d', (outputStride, expected) => {
    const tensors = tinyResNet({ block: 'bottleneck', layers: [3, 4, 6, 3], planes: [1, 2, 4, 8] });
    expect(recipeOf(exportMmsegmentation({ tensors, outputStride }))).toContain(expected);
    const basic = exportMmsegmentation({ tensors: tinyResNet(), outputStride });
    expect(recipeOf(basic)).toContain('strides=(1, 2, 2, 2)');
    expect(basic.notes).toHaveLength(1);
  });

  it.each<[TinyResNetOptions, string]>([
    [{ layers: [1, 1, 1, 1] }, 'stages of 1, 1, 1, 1 blocks'],
    [{ planes: [2, 3, 4, 5] }, 'these are 2, 3, 4, 5'],
    [{ stemSize: 3 }, 'this one 3×3'],
  ])('refuses %o', (options, message) => {
    expect(() => exportMmsegmentation({ tensors: tinyResNet(options), outputStride: 32 })).toThrow(message);
  });
});

describe('exportDetectron2', () => {
  it('is a pickle of numpy arrays under Detectron2’s names', () => {
    const tensors = tinyResNet();
    const { bytes, recipe } = exportDetectron2({ tensors, outputStride: 32 });
    const calls = (path: string) => new PickleFunction((parameters) => [path, ...parameters]);
    const { value } = decodePickle(bytes, {
      global: (path) => (/^numpy\.(dtype|core)/.test(path) ? calls(path) : path),
    });
    const content = value as ReadonlyMap<string, unknown>;
    expect(content.get('matching_heuristics')).toBe(true);
    expect(content.get('__author__')).toBe('PixCon for JavaScript');
    const model = content.get('model') as ReadonlyMap<string, unknown>;
    expect(new Set(model.keys())).toEqual(new Set([...tensors.keys()].map(byReplacement)));
    expect(model.get('stem.conv1.weight')).toEqual([
      'numpy.core.multiarray._reconstruct',
      'numpy.ndarray',
      new PickleTuple([0]),
      Uint8Array.of(0x62),
    ]);
    expect(recipe.join('\n')).toContain(
      'STRIDE_IN_1X1: False\n    RES2_OUT_CHANNELS: 2\n    STEM_OUT_CHANNELS: 2',
    );
  });

  it('names every parameter as the converter of Detectron2 does', () => {
    const names = [...tinyResNet({ block: 'bottleneck', layers: [2, 1, 1, 1] }).keys()];
    expect(names.map(detectron2Name)).toEqual(names.map(byReplacement));
    expect(detectron2Name('bn1.bias')).toBe('stem.conv1.norm.bias');
    expect(() => detectron2Name('fc.weight')).toThrow('fc.weight is no parameter');
  });

  it.each<[TinyResNetOptions, string]>([
    [{ layers: [1, 1, 1, 1] }, 'stages of 1, 1, 1, 1 blocks'],
    [{ planes: [2, 3, 4, 5] }, 'these are 2, 3, 4, 5'],
    [{ stemSize: 3 }, 'this one 3×3'],
  ])('refuses %o', (options, message) => {
    expect(() => exportDetectron2({ tensors: tinyResNet(options), outputStride: 32 })).toThrow(message);
  });
});

/** The names by text replacement, one rule after the other: an independent way to them. */
function byReplacement(name: string): string {
  let result = name.includes('layer') ? name : `stem.${name}`;
  for (const stage of [1, 2, 3, 4]) result = result.replaceAll(`layer${stage}`, `res${stage + 1}`);
  for (const part of [1, 2, 3]) result = result.replaceAll(`bn${part}`, `conv${part}.norm`);
  return result.replaceAll('downsample.0', 'shortcut').replaceAll('downsample.1', 'shortcut.norm');
}

describe('exports', () => {
  it('name a tensor that is missing', () => {
    const tensors = new Map<string, EncodableTensor>();
    for (const write of [exportTorchvision, exportMmsegmentation, exportDetectron2]) {
      expect(() => write({ tensors, outputStride: 32 })).toThrow('tensor conv1.weight is missing');
    }
  });
});
