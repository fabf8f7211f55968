import { startBackend } from '@pixcon/backend';
import { registerWebgpuKernels } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';

const name = 'stock-webgpu';

/**
 * Starts tfjs-backend-webgpu as it comes: none of our kernels, which `@pixcon/ops` chooses by the name of the backend.
 * It has all that training needs.
 *
 * @returns what runs, in words
 */
export async function startStockWebgpu(): Promise<string> {
  // Loads the package, and under Node what it computes on.
  const { description } = await startBackend('webgpu');
  if (!tf.findBackendFactory(name)) {
    registerWebgpuKernels(false);
    tf.registerBackend(name, tf.findBackendFactory('webgpu'));
    tf.copyRegisteredKernels('webgpu', name);
  }
  await tf.setBackend(name);
  await tf.ready();
  return `stock WebGPU, ${description.replace(', with subgroup matrices', '')}`;
}
