import { resnet } from '@pixcon/backbones';
import type { ResNetDescription } from '@pixcon/checkpoints';
import { type Backbone, type Method, PixconError } from '@pixcon/core';
import { coordinateMatching, semanticReweighting, similarityMatching } from '@pixcon/matching';
import { byol, denseCL, mocoV2Plus, pixcon } from '@pixcon/methods';
import { type LabSettings, networks } from '../settings.ts';

/** Input pixels per cell: small views would else have hardly any cells. */
const outputStride = 8;

/** Heads of a width for small networks, whatever the paper takes for ResNet-50. */
const projection = { hidden: 256, dim: 64 };

/** The method that was chosen, around its network or around one that was loaded. */
export function buildMethod(settings: LabSettings, loaded?: ResNetDescription): Method {
  const backbone = loaded ? loadedBackbone(loaded) : chosenBackbone(settings);
  // A short run: the target follows faster than in one of 800 epochs.
  const momentum = { backbone, ...projection, targetMomentum: 0.95 };
  switch (settings.method) {
    case 'byol':
      return byol(momentum);
    case 'moco-v2-plus':
      return mocoV2Plus(momentum);
    case 'densecl':
      // Halves of the batch with statistics of their own, where a data centre has eighths.
      return denseCL({ ...momentum, splits: 2 });
    case 'pixcon-sr':
      return pixcon({
        ...momentum,
        name: settings.method,
        matching: semanticReweighting(similarityMatching()),
      });
    case 'pixcon-sim':
      return pixcon({ ...momentum, name: settings.method, matching: similarityMatching() });
    case 'pixcon-coord':
      return pixcon({ ...momentum, name: settings.method, matching: coordinateMatching() });
  }
}

function chosenBackbone({ network }: LabSettings): Backbone {
  const { planes, layers } = networks[network];
  return resnet({ block: 'basic', layers, planes, outputStride, name: network });
}

function loadedBackbone({ block, layers, planes, stemChannels, stemSize }: ResNetDescription): Backbone {
  if (stemSize !== 7) {
    throw new PixconError(
      'checkpoint',
      `The file's network begins with ${stemSize}×${stemSize} filters; this page takes ResNets whose stem has 7×7.`,
    );
  }
  return resnet({ block, layers, planes, stemChannels, outputStride, name: 'loaded' });
}
