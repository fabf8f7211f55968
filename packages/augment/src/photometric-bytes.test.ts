import { RandomStream } from '@pixcon/core';
import { describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  applyPhotometric,
  applyPhotometricToBytes,
  byolAugmentation,
  imagenetMean,
  imagenetStandardDeviation,
  type PhotometricParameters,
  samplePhotometric,
} from './index.ts';

extendExpect();

const none: PhotometricParameters = {
  brightness: 1,
  contrast: 1,
  saturation: 1,
  hue: 0,
  grayscale: false,
  blurSigma: 0,
  solarizeThreshold: null,
};

const single: Readonly<Record<string, Partial<PhotometricParameters>>> = {
  nothing: {},
  brightness: { brightness: 1.4 },
  'no brightness': { brightness: 0 },
  contrast: { contrast: 0.6 },
  'strong contrast': { contrast: 2.5 },
  saturation: { saturation: 1.2 },
  'strong saturation': { saturation: 4 },
  hue: { hue: 0.1 },
  'half a turn of hue': { hue: -0.5 },
  grey: { grayscale: true },
  'no blur to speak of': { blurSigma: 0.1 },
  'little blur': { blurSigma: 0.4 },
  blur: { blurSigma: 2 },
  'blur past the kernel': { blurSigma: 50 },
  solarize: { solarizeThreshold: 128 / 255 },
  'solarize all': { solarizeThreshold: 0 },
};

function makeBytes(batch: number, height: number, width: number): Uint8Array {
  const random = new RandomStream(height * 1000 + width);
  return Uint8Array.from({ length: batch * height * width * 3 }, () => random.integer(0, 256));
}

function asImages(bytes: Uint8Array, batch: number, height: number, width: number): tf.Tensor4D {
  return tf.tensor4d(
    Float32Array.from(bytes, (byte) => byte / 255),
    [batch, height, width, 3],
  );
}

const exact = { relative: 0, absolute: 2e-5 };

describeBackends('applyPhotometricToBytes', () => {
  // Sizes around multiples of 4 and 16, which the kernel's loops step by.
  for (const [height, width] of [
    [12, 17],
    [16, 16],
    [33, 31],
    [9, 64],
    [7, 5],
  ] as const) {
    const options = { kernelSize: 2 * Math.floor(Math.min(height, width) / 3) + 1 };
    it(`is applyPhotometric, operation by operation, at ${width} × ${height}`, async () => {
      const parameters = Object.values(single).map((entry) => ({ ...none, ...entry }));
      const bytes = makeBytes(parameters.length, height, width);
      const images = asImages(bytes, parameters.length, height, width);
      const result = applyPhotometricToBytes(bytes, parameters, { height, width, ...options });
      for (const [index, name] of Object.keys(single).entries()) {
        const [entry] = parameters.slice(index) as [PhotometricParameters];
        const expected = applyPhotometric(tf.slice(images, index, 1), [entry], options);
        await expect(tf.slice(result, index, 1), name).toBeAllClose(expected, exact);
      }
    });
  }

  it('is applyPhotometric on drawn parameters, normalised, in the same order of operations', async () => {
    const random = new RandomStream(5);
    const { views, mean, standardDeviation } = byolAugmentation();
    // A value within rounding of the threshold may fall on either side; none can be at 2.
    const parameters = Array.from({ length: 24 }, (_, index) => ({
      ...samplePhotometric(random, views[index % 2] as (typeof views)[0]),
      solarizeThreshold: null,
    }));
    const bytes = makeBytes(24, 40, 48);
    const options = { mean, standardDeviation, kernelSize: 23 };
    const expected = applyPhotometric(asImages(bytes, 24, 40, 48), parameters, options);
    const result = applyPhotometricToBytes(bytes, parameters, { height: 40, width: 48, ...options });
    await expect(result).toBeAllClose(expected, { relative: 0, absolute: 2e-5 / 0.224 });
  });

  it('solarizes after the blur, but for values that meet the threshold', async () => {
    const parameters = [{ ...none, blurSigma: 1.3, contrast: 0.8, hue: 0.05, solarizeThreshold: 0.5 }];
    const bytes = makeBytes(1, 64, 64);
    const options = { height: 64, width: 64 };
    const expected = await applyPhotometric(asImages(bytes, 1, 64, 64), parameters).data();
    const result = await applyPhotometricToBytes(bytes, parameters, options).data();
    const off = result.filter((value, at) => Math.abs(value - (expected[at] as number)) > 2e-5);
    expect(off.length).toBeLessThanOrEqual(2);
    for (const value of off) expect(Math.abs(value - 0.5)).toBeLessThan(2e-5);
  });

  it('gives each picture its own, whatever came before it', async () => {
    const parameters = [none, { ...none, blurSigma: 1 }, { ...none, grayscale: true }, none];
    const bytes = makeBytes(4, 20, 20);
    const large = makeBytes(1, 300, 200);
    const options = {
      height: 20,
      width: 20,
      mean: imagenetMean,
      standardDeviation: imagenetStandardDeviation,
    };
    const together = applyPhotometricToBytes(bytes, parameters, options);
    applyPhotometricToBytes(large, [{ ...none, blurSigma: 2 }], { height: 300, width: 200 });
    for (const [index, entry] of parameters.entries()) {
      const alone = applyPhotometricToBytes(
        bytes.subarray(index * 1200, (index + 1) * 1200),
        [entry],
        options,
      );
      await expect(tf.slice(together, index, 1)).toBeAllClose(alone, { relative: 0, absolute: 1e-6 });
    }
  });

  it('leaves bytes that nothing is done to as they are, and its input', async () => {
    const bytes = makeBytes(1, 16, 16);
    const before = bytes.slice();
    const result = applyPhotometricToBytes(bytes, [none], { height: 16, width: 16 });
    expect([...(await result.data())]).toEqual([...before].map((byte) => Math.fround(byte / 255)));
    expect(bytes).toEqual(before);
    expectNoLeaks(() => applyPhotometricToBytes(bytes, [none], { height: 16, width: 16 }).dispose());
  });
});

describeBackends(
  'applyPhotometricToBytes',
  () => {
    it('leaves tensor operations to a backend that is not known to compute on the processor', async () => {
      await tf.setBackend('cpu');
      const device = tf.backend();
      tf.copyRegisteredKernels('cpu', 'device');
      tf.registerBackend('device', () => device);
      try {
        await tf.setBackend('device');
        const bytes = makeBytes(1, 12, 17);
        const parameters = [{ ...none, contrast: 0.7, hue: 0.1, blurSigma: 0.8 }];
        const options = { kernelSize: 5, mean: imagenetMean, standardDeviation: imagenetStandardDeviation };
        const expected = applyPhotometric(asImages(bytes, 1, 12, 17), parameters, options);
        const result = applyPhotometricToBytes(bytes, parameters, { height: 12, width: 17, ...options });
        await expect(result).toBeAllClose(expected, { relative: 0, absolute: 0 });
        await tf.setBackend('cpu');
        const kernel = applyPhotometricToBytes(bytes, parameters, { height: 12, width: 17, ...options });
        expect([...(await kernel.data())]).not.toEqual([...(await expected.data())]);
      } finally {
        await tf.setBackend('cpu');
        tf.removeBackend('device');
      }
    });
  },
  { backends: ['cpu'] },
);

describe('applyPhotometricToBytes', () => {
  it('checks its arguments', () => {
    const bytes = makeBytes(2, 4, 4);
    const size = { height: 4, width: 4 };
    expect(() => applyPhotometricToBytes(bytes, [none], size)).toThrow(
      /1 pictures of 4 × 4 have 48 bytes, got 96/,
    );
    expect(() => applyPhotometricToBytes(bytes, [none, none], { ...size, height: 2.5 })).toThrow(/height/);
    expect(() => applyPhotometricToBytes(bytes, [none, none], { ...size, kernelSize: 2 })).toThrow(/odd/);
    const wrong = { ...none, hue: 0.7 };
    expect(() => applyPhotometricToBytes(bytes, [none, wrong], size)).toThrow(/hue/);
  });
});
