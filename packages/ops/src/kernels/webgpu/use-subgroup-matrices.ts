import * as tf from '@tensorflow/tfjs-core';
import type { WebgpuBackend } from './backend.ts';
import { matMul } from './matrix-product.ts';
import {
  chooseMatrixUnit,
  type SubgroupMatrixConfiguration,
  setMatrixUnit,
  withoutMatrixUnits,
} from './matrix-units.ts';
import { webgpuPrecision } from './precision.ts';
import { subgroupSize } from './subgroups.ts';

export type { SubgroupMatrixConfiguration } from './matrix-units.ts';

/**
 * Has products in mixed precision computed by the matrix units of the running WebGPU device, where the adapter's
 * configurations and the device's features allow it, and where a trial gives the right numbers: the feature is an
 * experimental one of Dawn. Where it does not, nothing changes; but the trial may cost the device.
 *
 * `startBackend` of `@pixcon/backend` calls it.
 *
 * @param configurations the adapter's `info.subgroupMatrixConfigs`
 * @returns whether they are used
 *
 * @example
 * await useSubgroupMatrices(adapter.info.subgroupMatrixConfigs ?? []);
 */
export async function useSubgroupMatrices(
  configurations: Iterable<SubgroupMatrixConfiguration>,
): Promise<boolean> {
  const { device } = tf.backend() as unknown as WebgpuBackend;
  const unit = chooseMatrixUnit(device, subgroupSize(device), [...configurations]);
  if (!unit) return false;
  setMatrixUnit(device, unit);
  // What a driver makes of an experimental feature must not end the program.
  device.pushErrorScope('validation');
  device.pushErrorScope('internal');
  const right = givesRightProducts()
    .catch(() => false)
    .then(async (same) => {
      const errors = [await device.popErrorScope(), await device.popErrorScope()];
      return same && errors.every((error) => error === null);
    });
  // Of a device that is lost, not every implementation tells those who wait for a result.
  const lost = device.lost.then(() => false);
  if (await Promise.race([right.catch(() => false), lost])) return true;
  setMatrixUnit(device, undefined);
  return false;
}

/** In small tiles and in large ones, of whole numbers, whose products are exact. */
async function givesRightProducts(): Promise<boolean> {
  const difference = tf.tidy(() => {
    const away = ([rows, columns, depth]: readonly [number, number, number]) => {
      const whole = (shape: [number, number], seed: number) =>
        tf.round(tf.randomUniform<tf.Rank.R2>(shape, -4, 4, 'float32', seed));
      const a = webgpuPrecision.halfPrecision?.(whole([rows, depth], 1)) as tf.Tensor2D;
      const b = whole([depth, columns], 2);
      return tf.max(
        tf.abs(
          tf.sub(
            matMul(a, b),
            withoutMatrixUnits(() => matMul(a, b)),
          ),
        ),
      );
    };
    return tf.add(away([100, 72, 40]), away([2048, 2048, 16]));
  });
  try {
    const [value] = await difference.data();
    return value === 0;
  } finally {
    difference.dispose();
  }
}
