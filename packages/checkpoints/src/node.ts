export {
  readCheckpoint,
  readSafetensors,
  readWeights,
  type SaveParametersOptions,
  saveParameters,
  writeCheckpoint,
} from './files.ts';
export { writeFileAtomic } from './write-file-atomic.ts';
