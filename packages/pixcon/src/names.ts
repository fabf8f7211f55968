import type { BackendName } from '@pixcon/backend';
import type { ProtocolName, StatisticsMode } from '@pixcon/evaluation';

/** What the command line offers; apart from the schema, so that `--help` loads no library. */
export const methodNames = [
  'pixcon-sr',
  'pixcon-sim',
  'pixcon-coord',
  'moco-v2',
  'moco-v2-plus',
  'densecl',
  'byol',
  'simsiam',
  'pixpro',
  'slotcon',
  'univip',
] as const;
export type MethodName = (typeof methodNames)[number];
export const architectureNames = ['resnet10', 'resnet18', 'resnet34', 'resnet50', 'resnet101'] as const;
export const backendNames = [
  'auto',
  'tensorflow-gpu',
  'webgpu',
  'tensorflow',
  'wasm',
  'cpu',
] as const satisfies readonly (BackendName | 'auto')[];
export const exportFormatNames = ['torchvision', 'mmseg', 'detectron2', 'tfjs'] as const;
export const encoderNames = ['online', 'target'] as const;
export const protocolNames = [
  'linear-segmentation',
  'cell-knn',
  'linear-classification',
  'image-knn',
  'match-consistency',
] as const satisfies readonly ProtocolName[];
export const statisticsNames = ['running', 'estimated', 'batch'] as const satisfies readonly StatisticsMode[];
