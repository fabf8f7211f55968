import { describeResNet, type ResNetDescription } from '../state-dict/describe-resnet.ts';
import { encodeTorch } from '../torch/encode-torch.ts';
import type { BackboneExport, ExportedFile } from './backbone-export.ts';
import { dilationNotes } from './dilation-notes.ts';
import { refuse } from './refuse.ts';
import { standardResNet } from './standard-resnet.ts';
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

const strided = 'strides=(1, 2, 2, 2), dilations=(1, 1, 1, 1)';
const oneDilated = 'strides=(1, 2, 2, 1), dilations=(1, 1, 1, 2)';
const twoDilated = 'strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4)';

function backboneConfig(description: ResNetDescription, outputStride: number): string {
  const { depth, base } = standardResNet('mmseg', description);
  const width = base === 64 ? '' : `, base_channels=${base}`;
  const stem = description.stemChannels === 64 ? '' : `, stem_channels=${description.stemChannels}`;
  // contract_dilation: a dilated stage begins with the dilation of the stage before, as here.
  const stages = description.block === 'basic' ? 32 : outputStride;
  const geometry = { 32: strided, 16: oneDilated, 8: twoDilated }[stages];
  if (geometry === undefined)
    throw refuse('mmseg', `expected an output stride of 8, 16 or 32, got ${outputStride}`);
  return `type='ResNet', depth=${depth}, style='pytorch'${width}${stem}, ${geometry}, contract_dilation=True`;
}
