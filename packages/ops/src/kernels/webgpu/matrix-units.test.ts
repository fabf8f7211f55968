import { describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { randomValues } from '../../../test/expect-like-naive.ts';
import type { GpuDevice } from './backend.ts';
import { webgpuConvolution } from './convolution.ts';
import { matMul } from './matrix-product.ts';
import { chooseMatrixUnit, matrixUnit, withoutMatrixUnits } from './matrix-units.ts';
import { webgpuPrecision } from './precision.ts';
import { useSubgroupMatrices } from './use-subgroup-matrices.ts';

extendExpect();

const features = ['shader-f16', 'subgroups', 'chromium-experimental-subgroup-matrix'];
const device = (has = features, maxComputeWorkgroupStorageSize = 32_768) =>
  ({ features: new Set(has), limits: { maxComputeWorkgroupStorageSize } }) as unknown as GpuDevice;
const configuration = (
  M: number,
  N: number,
  K: number,
  resultComponentType = 'f32',
  componentType = 'f16',
) => ({
  componentType,
  resultComponentType,
  M,
  N,
  K,
});

describe('chooseMatrixUnit', () => {
  it('takes the largest that adds up in float32 and divides our tiles', () => {
    const listed = [
      configuration(8, 8, 8),
      configuration(16, 16, 16, 'f16'),
      configuration(16, 8, 16),
      configuration(16, 16, 16),
      configuration(16, 16, 32),
      configuration(48, 16, 16),
      configuration(32, 32, 16, 's32', 'i8'),
    ];
    expect(chooseMatrixUnit(device(), 32, listed)).toEqual({
      rows: 16,
      columns: 16,
      depth: 16,
      subgroup: 32,
    });
  });

  it.each([
    ['no fixed subgroup', device(), undefined, [configuration(8, 8, 8)]],
    ['no halves', device(features.slice(1)), 32, [configuration(8, 8, 8)]],
    ['little workgroup memory', device(features, 16_384), 32, [configuration(8, 8, 8)]],
    ['no configuration', device(), 32, []],
    // Sixteen results for thirty-two subgroups.
    ['more subgroups than results', device(), 4, [configuration(16, 16, 16)]],
  ] as const)('takes none: %s', (_, gpu, subgroup, listed) => {
    expect(chooseMatrixUnit(gpu, subgroup, listed)).toBeUndefined();
  });
});

describeBackends(
  'subgroup matrices',
  () => {
    it('does without what does not work', async () => {
      const unit = matrixUnit();
      // No driver has such matrices: either they are not even tried, or the shader is refused.
      expect(await useSubgroupMatrices([configuration(4, 4, 2)])).toBe(false);
      expect(matrixUnit()).toBeUndefined();
      if (unit) await useSubgroupMatrices([configuration(unit.rows, unit.columns, unit.depth)]);
      expect(matrixUnit()).toEqual(unit);
    });

    it('multiplies as without them', async ({ skip }) => {
      if (!matrixUnit()) skip('this adapter has no subgroup matrices');
      const { halfPrecision } = webgpuPrecision as Required<typeof webgpuPrecision>;
      const random = (shape: number[], seed: number) =>
        tf.tensor(
          Float32Array.from(randomValues(shape, seed)).map((value) => Math.round(value * 256) / 256),
          shape,
        );
      // Edges inside a tile, several tiles, a split of the depth, large tiles.
      for (const [rows, columns, depth] of [
        [3, 4, 4],
        [70, 8, 36],
        [130, 132, 20],
        [64, 64, 4096],
        [2100, 2052, 24],
      ] as const) {
        await expectNoLeaks(async () => {
          for (const [transposeA, transposeB] of [
            [false, false],
            [true, false],
            [false, true],
          ] as const) {
            const full = random(transposeA ? [depth, rows] : [rows, depth], 1);
            const a = halfPrecision(full) as tf.Tensor2D;
            const b = random(transposeB ? [columns, depth] : [depth, columns], 2) as tf.Tensor2D;
            const product = matMul(a, b, transposeA, transposeB);
            const expected = withoutMatrixUnits(() => matMul(a, b, transposeA, transposeB));
            expect(await product.data()).toBeAllClose(await expected.data(), {
              relative: 1e-5,
              absolute: 1e-5 * Math.sqrt(depth),
            });
            tf.dispose([full, a, b, product, expected].filter((tensor) => !tensor.isDisposed));
          }
        });
      }
      expect.hasAssertions();
    });

    it('leaves full precision alone', async ({ skip }) => {
      if (!matrixUnit()) skip('this adapter has no subgroup matrices');
      const x = tf.randomNormal([2, 9, 9, 8], 0, 1, 'float32', 1) as tf.Tensor4D;
      const filter = tf.randomNormal([3, 3, 8, 8], 0, 1, 'float32', 2) as tf.Tensor4D;
      const run = () => webgpuConvolution.convolution(x, filter, { stride: 1, padding: 1, dilation: 1 });
      const [one, other] = [run(), withoutMatrixUnits(run)];
      expect(await one.data()).toEqual(await other.data());
      tf.dispose([x, filter, one, other]);
    });
  },
  { backends: ['webgpu'] },
);
