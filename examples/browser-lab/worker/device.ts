import { startBackend } from '@pixcon/backend';
import * as tf from '@tensorflow/tfjs-core';
import type { DeviceFacts } from '../protocol.ts';
import type { LabSettings } from '../settings.ts';

/** The little of a `GPUDevice` that is used here. */
interface GraphicsDevice {
  readonly lost: Promise<{ readonly reason: string; readonly message: string }>;
  addEventListener(type: 'uncapturederror', listener: (event: { error: { message: string } }) => void): void;
}

export interface Device {
  readonly facts: DeviceFacts;
  /** Never resolves; rejects when the device is lost or refuses a command. */
  readonly failure: Promise<never>;
  /** What an error comes from: a lost device breaks off whatever waits for it before it says that it is lost. */
  explain(error: unknown): Promise<unknown>;
}

/** Milliseconds in which a lost device says so. */
const patience = 1000;

/** The graphics card is gone: its driver crashed, it was taken away, the system was asleep. */
export class DeviceLostError extends Error {}

/** Starts the backend that was asked for, and watches it. */
export async function startDevice(asked: LabSettings['device'], wasmPath: string): Promise<Device> {
  // The bundle keeps threads whole (`wasmThreads`), which startBackend cannot know. They need shared memory.
  const threads = crossOriginIsolated ? Math.min(4, Math.max(1, navigator.hardwareConcurrency / 2)) : 1;
  const { name, description, rejected } = await startBackend(asked, {
    wasmPath,
    threads: Math.floor(threads),
  });
  const withoutWebgpu = rejected.find((backend) => backend.name === 'webgpu')?.reason;
  const { device } = tf.backend() as { device?: GraphicsDevice };
  const failure = device ? failureOf(device) : new Promise<never>(() => undefined);
  // It may fail while nobody waits.
  const lost = failure.catch((error: unknown) => error);
  const explain = async (error: unknown) =>
    device
      ? await Promise.race([lost, new Promise((resolve) => setTimeout(resolve, patience, error))])
      : error;
  return { facts: { name, description, withoutWebgpu }, failure, explain };
}

function failureOf(device: GraphicsDevice): Promise<never> {
  return new Promise((_, reject) => {
    void device.lost.then(({ message }) => reject(new DeviceLostError(message)));
    device.addEventListener('uncapturederror', ({ error }) => {
      reject(new Error(`The graphics device refused a command: ${error.message}`));
    });
  });
}

/** Bytes of all tensors, and of the graphics card's buffers where there are some. */
export function memoryInUse(): { readonly bytes: number; readonly deviceBytes?: number } {
  const { numBytes, numBytesAllocatedInGPU } = tf.memory() as tf.MemoryInfo & {
    numBytesAllocatedInGPU?: number;
  };
  return {
    bytes: numBytes,
    ...(numBytesAllocatedInGPU === undefined ? {} : { deviceBytes: numBytesAllocatedInGPU }),
  };
}
