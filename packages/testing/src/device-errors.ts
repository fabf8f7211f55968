import * as tf from '@tensorflow/tfjs-core';

/** What this needs of a `GPUDevice`. */
interface Device {
  addEventListener(type: 'uncapturederror', listener: (event: UncapturedError) => void): void;
}

interface UncapturedError {
  readonly error: { readonly message: string };
}

const watched = new WeakMap<Device, string[]>();

/**
 * What the device of tfjs's WebGPU backend found wrong since the last call, a line each. The first call for a device
 * starts to listen.
 */
export function deviceErrors(): string[] {
  const { device } = tf.backend() as unknown as { readonly device: Device };
  const errors = watched.get(device);
  if (errors) return errors.splice(0);
  const found: string[] = [];
  watched.set(device, found);
  device.addEventListener('uncapturederror', ({ error }) => found.push(error.message.split('\n', 1).join()));
  return [];
}
