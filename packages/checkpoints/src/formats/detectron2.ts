import { checkpointError } from '../checkpoint-error.ts';
import type { EncodableTensor } from '../host-tensor.ts';
import { encodePickle } from '../pickle/encode-pickle.ts';
import { PickleCall, PickleGlobal, type PickleInput, PickleTuple } from '../pickle/values.ts';
import { describeResNet, type ResNetDescription } from '../state-dict/describe-resnet.ts';
import type { BackboneExport, ExportedFile } from './backbone-export.ts';
import { refuse } from './refuse.ts';
import { standardResNet } from './standard-resnet.ts';

/**
 * The `.pkl` that Detectron2 takes as `MODEL.WEIGHTS`: `{'model': {name: numpy array}, '__author__': …,
 * 'matching_heuristics': True}`, in the names of its ResNet (see `detectron2Name`). With `matching_heuristics` its
 * checkpointer finds them below whatever prefix the model has (`backbone.`, `backbone.bottom_up.`).
 *
 * Detectron2's defaults are for Caffe's weights. The recipe has what must be set for these: RGB images,
 * ImageNet's mean and deviation, the stride in the 3×3 convolution.
 *
 * @throws PixconError `invalid-argument` for a network that Detectron2 cannot build
 */
export function exportDetectron2({ tensors, outputStride, metadata = {} }: BackboneExport): ExportedFile {
  const description = describeResNet(tensors);
  const options = resnetOptions(description);
  const model = new Map<string, PickleInput>();
  for (const [name, tensor] of tensors) model.set(detectron2Name(name), numpyArray(name, tensor));
  const bytes = encodePickle(
    new Map<string, PickleInput>([
      ['model', model],
      ['__author__', 'PixCon for JavaScript'],
      ['matching_heuristics', true],
      ['pixcon', new Map(Object.entries(metadata))],
    ]),
    3,
  );
  const recipe = [
    'MODEL:',
    '  WEIGHTS: FILE',
    '  PIXEL_MEAN: [123.675, 116.280, 103.530]',
    '  PIXEL_STD: [58.395, 57.120, 57.375]',
    '  RESNETS:',
    ...options.map((option) => `    ${option}`),
    'INPUT:',
    '  FORMAT: "RGB"',
  ];
  const notes =
    outputStride === 32
      ? []
      : [
          `Detectron2 computes the same at stride 32, which is every ${outputStride === 16 ? 'second' : 'fourth'} of this network's cells in each direction; its RES5_DILATION dilates the first block of the stage too, which this one does not`,
        ];
  return { bytes, recipe, notes };
}

/**
 * Detectron2's name of a ResNet parameter, from torchvision's.
 *
 * @throws PixconError `checkpoint` for a name that is not of a ResNet's backbone
 * @example
 * detectron2Name('layer1.0.downsample.1.running_var'); // => 'res2.0.shortcut.norm.running_var'
 */
export function detectron2Name(name: string): string {
  const [, stage, block, kind, index, field] =
    /^(?:layer([1-4])\.(\d+)\.)?(conv|bn|downsample\.)(\d)\.(\w+)$/.exec(name) ?? [];
  if (kind === undefined)
    throw checkpointError(`detectron2Name: ${name} is no parameter of a ResNet's backbone`);
  const place = stage === undefined ? 'stem' : `res${Number(stage) + 1}.${block}`;
  if (kind === 'downsample.') return `${place}.shortcut${index === '1' ? '.norm' : ''}.${field}`;
  return `${place}.conv${index}${kind === 'bn' ? '.norm' : ''}.${field}`;
}

function resnetOptions(description: ResNetDescription): string[] {
  const { block, stemChannels } = description;
  const { depth, base } = standardResNet('detectron2', description);
  const output = block === 'basic' ? base : 4 * base;
  return [
    `DEPTH: ${depth}`,
    'STRIDE_IN_1X1: False',
    ...(output === 256 ? [] : [`RES2_OUT_CHANNELS: ${output}`]),
    ...(block === 'bottleneck' && base !== 64 ? [`WIDTH_PER_GROUP: ${base}`] : []),
    ...(stemChannels === 64 ? [] : [`STEM_OUT_CHANNELS: ${stemChannels}`]),
    'NORM: "SyncBN"  # or "BN" on one GPU; Detectron2’s default "FrozenBN" keeps the running statistics fixed',
  ];
}

/** As numpy pickles an array of float32 in C order; NumPy 1 and 2 read it. */
function numpyArray(name: string, { dtype, shape, data }: EncodableTensor): PickleCall {
  if (dtype !== 'F32') throw refuse('detectron2', `tensor ${name} must be F32, got ${dtype}`);
  const float32 = new PickleCall(
    new PickleGlobal('numpy', 'dtype'),
    ['f4', false, true],
    new PickleTuple([3, '<', null, null, null, -1, -1, 0]),
  );
  const empty = [new PickleGlobal('numpy', 'ndarray'), new PickleTuple([0]), Uint8Array.of(0x62)];
  const values = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return new PickleCall(
    new PickleGlobal('numpy.core.multiarray', '_reconstruct'),
    empty,
    new PickleTuple<PickleInput>([1, new PickleTuple(shape), float32, false, values]),
  );
}
