import * as tf from '@tensorflow/tfjs-core';
import type { GpuDevice, WebgpuBackend } from './backend.ts';
import { tileDepth } from './tile-shader.ts';

/**
 * What the hardware multiplies at once (tensor cores and the like): `rows` × `depth` halves by `depth` × `columns` of
 * them, added up in float32, by the invocations of a subgroup together.
 */
export interface MatrixUnit {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  /** Invocations of a subgroup. */
  readonly subgroup: number;
}

/** As adapters list them (`GPUAdapterInfo.subgroupMatrixConfigs`, an experimental feature of Dawn). */
export interface SubgroupMatrixConfiguration {
  readonly componentType: string;
  readonly resultComponentType: string;
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

/** Of both tiles and of a result for each subgroup, in the largest tiles. */
const workgroupBytes = 20 * 2 ** 10;

const units = new WeakMap<GpuDevice, MatrixUnit>();
let off = false;

/** The matrix unit of the running device; `undefined` where it has none that was found to be right. */
export function matrixUnit(): MatrixUnit | undefined {
  return off ? undefined : units.get((tf.backend() as unknown as WebgpuBackend).device);
}

/** Runs `work` as on a device without matrix units. */
export function withoutMatrixUnits<T>(work: () => T): T {
  off = true;
  try {
    return work();
  } finally {
    off = false;
  }
}

/** The unit with the largest result that our tiles are multiples of. */
export function chooseMatrixUnit(
  device: GpuDevice,
  subgroup: number | undefined,
  configurations: readonly SubgroupMatrixConfiguration[],
): MatrixUnit | undefined {
  if (subgroup === undefined || device.limits.maxComputeWorkgroupStorageSize < workgroupBytes)
    return undefined;
  if (![...needed].every((feature) => device.features.has(feature))) return undefined;
  const fitting = configurations.filter(
    ({ componentType, resultComponentType, M, N, K }) =>
      componentType === 'f16' &&
      resultComponentType === 'f32' &&
      tileDepth % K === 0 &&
      // The smaller tile has a result at least for each of its subgroups.
      [M, N].every((side) => side % 4 === 0 && 64 % side === 0) &&
      (64 / M) * (64 / N) >= 128 / subgroup,
  );
  const [best] = fitting.sort((a, b) => b.M * b.N * b.K - a.M * a.N * a.K);
  return best && { rows: best.M, columns: best.N, depth: best.K, subgroup };
}

const needed = ['shader-f16', 'subgroups', 'chromium-experimental-subgroup-matrix'];

/** What products take from now on; `undefined` for none. */
export function setMatrixUnit(device: GpuDevice, unit: MatrixUnit | undefined): void {
  if (unit) units.set(device, unit);
  else units.delete(device);
}
