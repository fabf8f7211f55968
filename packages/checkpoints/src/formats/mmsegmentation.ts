import { describeResNet, type ResNetDescription } from '../state-dict/describe-resnet.ts';
import { encodeTorch } from '../torch/encode-torch.ts';
import type { BackboneExport, ExportedFile } from './backbone-export.ts';
import { dilationNotes } from './dilation-notes.ts';
import { refuse } from './refuse.ts';
import { withCounters } from './with-counters.ts';

/**
 * The `.pth` that `init_cfg=dict(type='Pretrained', checkpoint=…)` of an mmsegmentation (or mmdetection,
 * mmpretrain) `ResNet` backbone takes: `{'state_dict': …, 'meta': …}`. Its names are torchvision's; its default
 * configurations build a `ResNetV1c` instead, whose stem of three convolutions has no counterpart here, so the
 * recipe sets `type='ResNet'`.
 *
 * @throws PixconError `invalid-argument` for a network that mmsegmentation cannot build
 */
export function exportMmsegmentation({ tensors, outputStride, metadata = {} }: BackboneExport): ExportedFile {
  const description = describeResNet(tensors);
  const backbone = backboneConfig(description, outputStride);
  const bytes = encodeTorch(withCounters(tensors), {
    meta: new Map(Object.entries({ ...metadata, backbone })),
  });
  const recipe = [
    'model = dict(',
    '    data_preprocessor=dict(',
    '        bgr_to_rgb=True, mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]),',
    '    pretrained=None,',
    `    backbone=dict(${backbone},`,
    "        init_cfg=dict(type='Pretrained', checkpoint=FILE)))",
  ];
  return { bytes, recipe, notes: dilationNotes('mmsegmentation', description, outputStride) };
}

/** Depths that mmsegmentation knows. */
const depths: Readonly<Record<string, number>> = {
  resnet18: 18,
  resnet34: 34,
  resnet50: 50,
  resnet101: 101,
  resnet152: 152,
};

const strided = 'strides=(1, 2, 2, 2), dilations=(1, 1, 1, 1)';
const oneDilated = 'strides=(1, 2, 2, 1), dilations=(1, 1, 1, 2)';
const twoDilated = 'strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4)';

function backboneConfig(description: ResNetDescription, outputStride: number): string {
  const { planes, stemChannels, stemSize, name, layers } = description;
  const depth = name === undefined ? undefined : depths[name];
  if (depth === undefined) {
    throw refuse(
      'mmseg',
      `it knows the depths ${Object.values(depths).join(', ')}, this network has stages of ${layers.join(', ')} blocks`,
    );
  }
  if (stemSize !== 7)
    throw refuse('mmseg', `its stem has a 7×7 convolution, this one ${stemSize}×${stemSize}`);
  const base = planes[0] as number;
  if (planes.some((width, stage) => width !== base * 2 ** stage)) {
    throw refuse(
      'mmseg',
      `each of its stages is twice as wide as the one before, these are ${planes.join(', ')}`,
    );
  }
  const width = base === 64 ? '' : `, base_channels=${base}`;
  const stem = stemChannels === 64 ? '' : `, stem_channels=${stemChannels}`;
  // contract_dilation: a dilated stage begins with the dilation of the stage before, as here.
  const stages = description.block === 'basic' ? 32 : outputStride;
  const geometry = { 32: strided, 16: oneDilated, 8: twoDilated }[stages];
  if (geometry === undefined)
    throw refuse('mmseg', `expected an output stride of 8, 16 or 32, got ${outputStride}`);
  return `type='ResNet', depth=${depth}, style='pytorch'${width}${stem}, ${geometry}, contract_dilation=True`;
}
