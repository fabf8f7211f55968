import { encodeSafetensors } from '../encode-safetensors.ts';
import { describeResNet, type ResNetDescription } from '../state-dict/describe-resnet.ts';
import type { BackboneExport, ExportedFile } from './backbone-export.ts';
import { dilationNotes } from './dilation-notes.ts';
import { refuse } from './refuse.ts';
import { withCounters } from './with-counters.ts';

/** Classes of ImageNet, for which torchvision makes its classifier by default. */
const classes = 1000;

/**
 * A safetensors file with the whole state dict of torchvision's ResNet, which
 * `model.load_state_dict(load_file(path), strict=True)` takes: the backbone, the counters of batch normalization
 * (0), and a classifier of zeros, because torchvision's model has one and nothing here has trained it.
 *
 * @throws PixconError `invalid-argument` for a network that torchvision cannot build, `checkpoint` when tensors are
 * missing
 * @example
 * const { bytes, recipe } = exportTorchvision({ tensors: await parametersToFile(online, { prefix: 'backbone' }), outputStride: 32 });
 */
export function exportTorchvision({ tensors, outputStride, metadata = {} }: BackboneExport): ExportedFile {
  const description = describeResNet(tensors);
  const expression = torchvisionModel(description, outputStride);
  const { channels } = description;
  const state = withCounters(tensors);
  state.set('fc.weight', {
    dtype: 'F32',
    shape: [classes, channels],
    data: new Float32Array(classes * channels),
  });
  state.set('fc.bias', { dtype: 'F32', shape: [classes], data: new Float32Array(classes) });
  const bytes = encodeSafetensors(state, {
    ...metadata,
    format: 'pt',
    model: expression,
    classifier: 'fc is zero: it was not trained',
  });
  const recipe = [
    'import torchvision',
    'from safetensors.torch import load_file',
    `model = ${expression}`,
    'model.load_state_dict(load_file(FILE), strict=True)',
    'model.fc = torch.nn.Identity()  # the file has zeros for it: nothing trained a classifier',
  ];
  return {
    bytes,
    recipe: ['import torch', ...recipe],
    notes: dilationNotes('torchvision', description, outputStride),
  };
}

/** The Python expression that builds the network in torchvision. */
export function torchvisionModel(description: ResNetDescription, outputStride: number): string {
  const { block, layers, planes, stemChannels, stemSize, name } = description;
  if (layers.length !== 4)
    throw refuse('torchvision', `its ResNets have four stages, this one has ${layers.length}`);
  if (stemSize !== 7)
    throw refuse('torchvision', `its stem has a 7×7 convolution, this one ${stemSize}×${stemSize}`);
  if (stemChannels !== 64 || planes.some((width, stage) => width !== 64 * 2 ** stage)) {
    throw refuse(
      'torchvision',
      `its stages are 64, 128, 256 and 512 planes wide behind a stem of 64, these ${planes.join(', ')} behind ${stemChannels}; backbone.safetensors has torchvision's names for a class of your own`,
    );
  }
  const dilate =
    outputStride === 32 || block === 'basic'
      ? ''
      : `replace_stride_with_dilation=[False, ${outputStride === 8 ? 'True' : 'False'}, True]`;
  if (name !== undefined) return `torchvision.models.${name}(${dilate})`;
  const kind = block === 'basic' ? 'BasicBlock' : 'Bottleneck';
  return `torchvision.models.ResNet(torchvision.models.resnet.${kind}, [${layers.join(', ')}]${dilate && `, ${dilate}`})`;
}
