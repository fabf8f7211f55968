export type { StartBackendOptions } from './candidates/candidate.ts';
export { explainBackend } from './explain-backend.ts';
export { findTensorflow, type TensorflowInstallation } from './find-tensorflow.ts';
export { type BackendName, backendNames } from './names.ts';
export {
  availableBackends,
  isBackendAvailable,
  type RejectedBackend,
  type StartedBackend,
  startBackend,
} from './start-backend.ts';
export { type TrialConvolution, trialConvolutions, trialLinears } from './trial/layers.ts';
