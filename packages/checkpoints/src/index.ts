export { assertTensorsFit, type FitOptions } from './assert-tensors-fit.ts';
export {
  type CheckpointContent,
  type DecodedCheckpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  type Json,
  toTensors,
} from './checkpoint.ts';
export { decodeSafetensors, type SafetensorsContent } from './decode-safetensors.ts';
export { decodeWeights, type WeightsContent } from './decode-weights.ts';
export { encodeSafetensors } from './encode-safetensors.ts';
export { fileShape, fromFileLayout, type LaidOut, toFileLayout } from './file-layout.ts';
export type { BackboneExport, ExportedFile } from './formats/backbone-export.ts';
export { detectron2Name, exportDetectron2 } from './formats/detectron2.ts';
export { exportRefusals } from './formats/export-refusals.ts';
export { exportMmsegmentation } from './formats/mmsegmentation.ts';
export { exportTorchvision } from './formats/torchvision.ts';
export {
  type ExportGraphModelOptions,
  exportGraphModel,
  type GraphModelFiles,
} from './graph-model/export-graph-model.ts';
export type { Dtype, DtypeArrays, EncodableTensor, HostTensor } from './host-tensor.ts';
export {
  type LoadParametersOptions,
  loadParameters,
  type ParametersToFileOptions,
  parametersToFile,
} from './parameters.ts';
export { describeResNet, type ResNetDescription } from './state-dict/describe-resnet.ts';
export { type FindBackboneOptions, type FoundBackbone, findBackbone } from './state-dict/find-backbone.ts';
export { toFloat32 } from './state-dict/to-float32.ts';
export { decodeTorch, type TorchContent } from './torch/decode-torch.ts';
export { encodeTorch, type TorchValue } from './torch/encode-torch.ts';
