import { resnet } from '@pixcon/backbones';
import type { HostTensor } from '@pixcon/checkpoints';
import type { Backbone } from '@pixcon/core';
import { tensorOf } from './golden-file.ts';

/**
 * The ResNet whose parameters a golden file holds below `prefix`: its block, depth and widths are read off their
 * shapes.
 */
export function goldenBackbone(tensors: ReadonlyMap<string, HostTensor>, prefix: string): Backbone {
  const has = (name: string) => tensors.has(prefix + name);
  const outputs = (name: string) => tensorOf(tensors, prefix + name).shape[0] as number;
  const layers: number[] = [];
  const planes: number[] = [];
  for (let stage = 1; has(`layer${stage}.0.conv1.weight`); stage++) {
    let blocks = 0;
    while (has(`layer${stage}.${blocks}.conv1.weight`)) blocks++;
    layers.push(blocks);
    planes.push(outputs(`layer${stage}.0.conv1.weight`));
  }
  return resnet({
    block: has('layer1.0.conv3.weight') ? 'bottleneck' : 'basic',
    layers,
    planes,
    stemChannels: outputs('conv1.weight'),
  });
}
