export { findTensorflow, type TensorflowInstallation } from '../find-tensorflow.ts';
export {
  type InstalledTensorflow,
  type InstallTensorflowOptions,
  installTensorflow,
} from './install-tensorflow.ts';
