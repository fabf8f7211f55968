export {
  resnet10,
  resnet18,
  resnet34,
  resnet50,
  resnet101,
  type StandardResNetOptions,
} from './architectures.ts';
export type { BlockKind } from './residual-block.ts';
export { type ResNetOptions, resnet } from './resnet.ts';
