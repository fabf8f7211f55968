import { RandomStream } from '@pixcon/core';
import { watchDispatches } from '@pixcon/ops';
import { describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import {
  applyPhotometric,
  applyPhotometricToBytes,
  byolAugmentation,
  imagenetMean as mean,
  type PhotometricParameters,
  samplePhotometric,
  imagenetStandardDeviation as standardDeviation,
} from '../index.ts';
import { recolour } from '../processor/recolour.ts';
import { recoloursOnGpu } from './recolour-on-gpu.ts';

extendExpect();

/** All that can happen, and nothing at all. */
function makeParameters(batch: number): PhotometricParameters[] {
  const random = new RandomStream(7);
  const { views } = byolAugmentation();
  return Array.from({ length: batch }, (_, i) => {
    if (i === 0) {
      const neutral = { brightness: 1, contrast: 1, saturation: 1, hue: 0 };
      return { ...neutral, grayscale: false, blurSigma: 0, solarizeThreshold: null };
    }
    const drawn = samplePhotometric(random.fork(i), views[i % 2] as (typeof views)[number]);
    return {
      ...drawn,
      blurSigma: i % 3 === 0 ? 0 : 0.5 + 0.3 * i,
      solarizeThreshold: i % 4 === 1 ? 0.503 : null,
    };
  });
}

describeBackends(
  'recolourOnGpu',
  () => {
    it.each<[number, number, number, number]>([
      [5, 16, 16, 3],
      [3, 17, 33, 5],
      [2, 5, 7, 3],
      [1, 1, 1, 1],
      [2, 40, 12, 23],
    ])(
      '%i pictures of %i × %i, %i taps: as the WebAssembly kernel',
      async (batch, height, width, kernelSize) => {
        const random = new RandomStream(3);
        const pixels = Uint8Array.from({ length: batch * height * width * 3 }, () => random.integer(0, 256));
        const parameters = makeParameters(batch);
        const options = { height, width, kernelSize, mean, standardDeviation };
        expect(recoloursOnGpu(kernelSize)).toBe(true);
        const expected = recolour(pixels, parameters, options);
        await expectNoLeaks(async () => {
          const views = applyPhotometricToBytes(pixels, parameters, options);
          expect(views.shape).toEqual([batch, height, width, 3]);
          expect(await views.data()).toBeAllClose(expected, { relative: 0, absolute: 1e-4 });
          const images = tf.tensor4d(Float32Array.from(pixels, (byte) => byte / 255), [batch, height, width, 3]); // biome-ignore format: one line
          const again = applyPhotometric(images, parameters, options);
          await expect(again).toBeAllClose(views, { relative: 0, absolute: 1e-5 });
          tf.dispose([views, images, again]);
        });
      },
    );

    it('takes two dispatches for a batch', () => {
      let dispatches = 0;
      const stop = watchDispatches(() => dispatches++);
      applyPhotometricToBytes(new Uint8Array(6 * 32 * 32 * 3), makeParameters(6), {
        height: 32,
        width: 32,
      }).dispose();
      stop();
      expect(dispatches).toBe(2);
    });

    it('leaves a kernel that no workgroup holds to other operations', async () => {
      expect(recoloursOnGpu(101)).toBe(false);
      const [first, blurred] = makeParameters(2) as [PhotometricParameters, PhotometricParameters];
      const images = tf.fill<tf.Rank.R4>([1, 60, 60, 3], 0.25);
      const result = applyPhotometric(images, [{ ...first, blurSigma: blurred.blurSigma }], {
        kernelSize: 101,
      });
      await expect(result).toBeAllClose(images, { relative: 1e-4 });
      tf.dispose([images, result]);
    });
  },
  { backends: ['webgpu'] },
);
