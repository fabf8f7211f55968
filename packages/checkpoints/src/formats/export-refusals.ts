import { PixconError } from '@pixcon/core';
import type { ResNetDescription } from '../state-dict/describe-resnet.ts';
import { standardResNet } from './standard-resnet.ts';
import { torchvisionModel } from './torchvision.ts';

/**
 * What `exportTorchvision`, `exportMmsegmentation` and `exportDetectron2` would refuse a network for: `format: reason`
 * of each that would. Empty for networks that all can build.
 *
 * @example
 * exportRefusals(describeResNet(tensors), 32); // => ['mmseg: the depths there are 18, 34, …']
 */
export function exportRefusals(description: ResNetDescription, outputStride: number): string[] {
  return [
    () => torchvisionModel(description, outputStride),
    () => standardResNet('mmseg', description),
    () => standardResNet('detectron2', description),
  ].flatMap((build) => {
    try {
      build();
      return [];
    } catch (error) {
      if (PixconError.isInstance(error)) return [error.message];
      throw error;
    }
  });
}
