export {
  readCheckpoint,
  readSafetensors,
  readWeights,
  type SaveParametersOptions,
  saveParameters,
  writeCheckpoint,
} from './files.ts';
export { type WriteFailure, writeFailure } from './write-failure.ts';
export { writeFileAtomic, writeFilesAtomic } from './write-file-atomic.ts';
