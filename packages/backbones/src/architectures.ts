import type { Backbone } from '@pixcon/core';
import { type ResNetOptions, resnet } from './resnet.ts';

/** What can be changed of a standard ResNet. */
export type StandardResNetOptions = Omit<ResNetOptions, 'block' | 'layers' | 'name'>;

/** ResNet-10, one block a stage: 4.9 M parameters, 512 channels. @example resnet10().channels; // => 512 */
export function resnet10(options: StandardResNetOptions = {}): Backbone {
  return resnet({ ...options, block: 'basic', layers: [1, 1, 1, 1], name: 'resnet10' });
}

/** ResNet-18: 11.2 M parameters, 512 channels. @example resnet18({ outputStride: 16 }).stride; // => 16 */
export function resnet18(options: StandardResNetOptions = {}): Backbone {
  return resnet({ ...options, block: 'basic', layers: [2, 2, 2, 2], name: 'resnet18' });
}

/** ResNet-34: 21.3 M parameters, 512 channels. @example resnet34().channels; // => 512 */
export function resnet34(options: StandardResNetOptions = {}): Backbone {
  return resnet({ ...options, block: 'basic', layers: [3, 4, 6, 3], name: 'resnet34' });
}

/** ResNet-50: 23.5 M parameters, 2048 channels. @example resnet50().channels; // => 2048 */
export function resnet50(options: StandardResNetOptions = {}): Backbone {
  return resnet({ ...options, block: 'bottleneck', layers: [3, 4, 6, 3], name: 'resnet50' });
}

/** ResNet-101: 42.5 M parameters, 2048 channels. @example resnet101().channels; // => 2048 */
export function resnet101(options: StandardResNetOptions = {}): Backbone {
  return resnet({ ...options, block: 'bottleneck', layers: [3, 4, 23, 3], name: 'resnet101' });
}
