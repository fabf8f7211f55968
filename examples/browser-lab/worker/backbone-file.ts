import {
  decodeSafetensors,
  describeResNet,
  encodeSafetensors,
  type FoundBackbone,
  findBackbone,
  loadParameters,
  parametersToFile,
  type ResNetDescription,
} from '@pixcon/checkpoints';
import type { Method, MethodState } from '@pixcon/core';

export interface LoadedBackbone {
  readonly tensors: FoundBackbone['tensors'];
  readonly description: ResNetDescription;
}

/** The online backbone under torchvision's names. */
export async function writeBackbone(method: Method, state: MethodState, step: number): Promise<Uint8Array> {
  const tensors = await parametersToFile(state.online, { prefix: method.backbonePrefix });
  return encodeSafetensors(tensors, { format: 'pt', method: method.name, steps: String(step) });
}

/** @throws PixconError `checkpoint` for bytes that are no safetensors file with a ResNet */
export function readBackbone(bytes: Uint8Array): LoadedBackbone {
  const { tensors } = findBackbone(decodeSafetensors(bytes).tensors);
  return { tensors, description: describeResNet(tensors) };
}

/** Puts it into both encoders. */
export function useBackbone({ tensors }: LoadedBackbone, method: Method, state: MethodState): void {
  const options = { prefix: method.backbonePrefix };
  loadParameters(state.online, tensors, options);
  if (state.target) loadParameters(state.target, tensors, options);
}
