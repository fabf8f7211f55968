export {
  type CheckpointContent,
  type DecodedCheckpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  type Json,
  toTensors,
} from './checkpoint.ts';
export { decodeSafetensors, type SafetensorsContent } from './decode-safetensors.ts';
export { encodeSafetensors } from './encode-safetensors.ts';
export { fileShape, fromFileLayout, type LaidOut, toFileLayout } from './file-layout.ts';
export type { Dtype, DtypeArrays, EncodableTensor, HostTensor } from './host-tensor.ts';
export {
  type LoadParametersOptions,
  loadParameters,
  type ParametersToFileOptions,
  parametersToFile,
} from './parameters.ts';
