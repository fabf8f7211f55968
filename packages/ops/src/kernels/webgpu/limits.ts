import { PixconError } from '@pixcon/core';
import type { GpuDevice } from './backend.ts';

/**
 * Throws unless a tensor of `shape` fits into one storage buffer of the device.
 *
 * @param operation that needs it
 * @param name of the tensor there
 * @throws PixconError `invalid-argument`: which tensor, how many bytes, what to lower
 */
export function assertFitsBuffer(
  device: GpuDevice,
  operation: string,
  name: string,
  shape: readonly number[],
  bytes: number,
): void {
  const { maxStorageBufferBindingSize, maxBufferSize } = device.limits;
  const limit = Math.min(maxStorageBufferBindingSize, maxBufferSize);
  if (bytes <= limit) return;
  throw new PixconError(
    'invalid-argument',
    `${operation}: ${name} [${shape.join(', ')}] takes ${bytes} bytes (${mebibytes(bytes)}), but a buffer of ` +
      `this WebGPU device holds at most ${limit} (${mebibytes(limit)}): lower the batch size, the size of the ` +
      'views or the queue length, or take batches in parts (accumulate)',
  );
}

/**
 * The workgroups of a dispatch by dimension; a flat number is folded where one dimension does not hold it.
 *
 * @throws PixconError `invalid-argument` where the device cannot dispatch them
 */
export function gridOf(
  device: GpuDevice,
  operation: string,
  workgroups: number | readonly [number, number, number],
): readonly [number, number, number] {
  const limit = device.limits.maxComputeWorkgroupsPerDimension;
  let grid = typeof workgroups === 'number' ? ([workgroups, 1, 1] as const) : workgroups;
  if (typeof workgroups === 'number' && workgroups > limit) {
    const rows = Math.ceil(workgroups / limit);
    grid = [Math.ceil(workgroups / rows), rows, 1];
  }
  if (grid.every((count) => count <= limit)) return grid;
  throw new PixconError(
    'invalid-argument',
    `${operation} needs ${grid.join(' × ')} workgroups, but this WebGPU device dispatches at most ${limit} in a ` +
      'dimension: lower the batch size, the size of the views or the queue length',
  );
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
