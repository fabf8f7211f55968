import { describeBackends, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import {
  adjustBrightness,
  adjustContrast,
  adjustHue,
  adjustSaturation,
  applyPhotometricToBytes,
  flipHorizontal,
  gaussianBlur,
  imagenetMean,
  imagenetStandardDeviation,
  normalize,
  type PhotometricParameters,
  resize,
  resizedCrop,
  solarize,
  toGrayscale,
} from '../src/index.ts';
import { readGolden } from './read-golden.ts';

extendExpect();

type Operation = (images: tf.Tensor4D) => tf.Tensor4D;

const crop = { x0: 11, y0: 7, x1: 72, y1: 87 };
const whole = { x0: 0, y0: 0, x1: 150, y1: 133 };

// Each is run on two copies of the input; the first gets the golden parameter, the second none.
const cases: Readonly<Record<string, Operation>> = {
  'brightness_1.3': (images) => adjustBrightness(images, [1.3, 1]),
  'contrast_0.7': (images) => adjustContrast(images, [0.7, 1]),
  'saturation_1.4': (images) => adjustSaturation(images, [1.4, 1]),
  'hue_0.08': (images) => adjustHue(images, [0.08, 0]),
  'hue_-0.1': (images) => adjustHue(images, [-0.1, 0]),
  grayscale: (images) => toGrayscale(images, [true, false]),
  'blur_k23_sigma0.5': (images) => gaussianBlur(images, [0.5, 0], { kernelSize: 23 }),
  'blur_k23_sigma2.0': (images) => gaussianBlur(images, [2, 0], { kernelSize: 23 }),
  'solarize_0.5': (images) => solarize(images, [0.5, 2]),
  hflip: (images) => flipHorizontal(images, [true, false]),
};

// Everything below changes both copies alike.
const shapeCases: Readonly<Record<string, Operation>> = {
  normalize_imagenet: (images) => normalize(images, imagenetMean, imagenetStandardDeviation),
  resize_96_bilinear: (images) => resize(images, { height: 96, width: 96, antialias: false }),
  resize_96_bilinear_antialias: (images) => resize(images, { height: 96, width: 96 }),
  crop_y7_x11_h80_w61_resize_64_antialias: (images) =>
    resizedCrop(
      images,
      [
        { box: crop, flipped: false },
        { box: crop, flipped: true },
      ],
      { height: 64, width: 64 },
    ),
};

const none = {
  brightness: 1,
  contrast: 1,
  saturation: 1,
  hue: 0,
  grayscale: false,
  blurSigma: 0,
  solarizeThreshold: null,
};
const imagenet = { mean: imagenetMean, standardDeviation: imagenetStandardDeviation };

const byteCases: Readonly<Record<string, PhotometricParameters>> = {
  'brightness_1.3': { ...none, brightness: 1.3 },
  'contrast_0.7': { ...none, contrast: 0.7 },
  'saturation_1.4': { ...none, saturation: 1.4 },
  'hue_0.08': { ...none, hue: 0.08 },
  'hue_-0.1': { ...none, hue: -0.1 },
  grayscale: { ...none, grayscale: true },
  'blur_k23_sigma0.5': { ...none, blurSigma: 0.5 },
  'blur_k23_sigma2.0': { ...none, blurSigma: 2 },
  'solarize_0.5': { ...none, solarizeThreshold: 0.5 },
  normalize_imagenet: none,
};

describeBackends('torchvision golden values', () => {
  const golden = readGolden();
  // A value that rounding moves over the solarize threshold would differ by more: there is none here.
  const exact = { relative: 0, absolute: 2e-5 };

  for (const [name, operation] of Object.entries(cases)) {
    it(name, async () => {
      const input = golden('input');
      const expected = tf.concat([golden(name), input]);
      await expect(operation(tf.concat([input, input]))).toBeAllClose(expected, exact);
    });
  }

  for (const [name, operation] of Object.entries(shapeCases)) {
    it(name, async () => {
      const input = golden('input');
      const wanted = golden(name);
      const second = name.startsWith('crop') ? tf.reverse(wanted, 2) : wanted;
      const expected = tf.concat([wanted, second]);
      await expect(operation(tf.concat([input, input]))).toBeAllClose(expected, exact);
    });
  }

  for (const [name, parameters] of Object.entries(byteCases)) {
    it(`${name}, from bytes`, async () => {
      const input = golden('input');
      const [, height, width] = input.shape;
      const levels = await tf.mul(input, 255).data();
      expect(Math.max(...levels.map((level) => Math.abs(level - Math.round(level))))).toBeLessThan(1e-4);
      const options = { height, width, kernelSize: 23, ...(name.startsWith('normalize') ? imagenet : {}) };
      const result = applyPhotometricToBytes(Uint8Array.from(levels, Math.round), [parameters], options);
      await expect(result).toBeAllClose(golden(name), exact);
    });
  }

  it('cuts different boxes from one batch, as if each had been cut alone', async () => {
    const input = golden('input');
    const views = [
      { box: whole, flipped: true },
      { box: { x0: 149, y0: 0, x1: 150, y1: 1 }, flipped: false },
      { box: { x0: 3, y0: 100, x1: 140, y1: 103 }, flipped: true },
    ];
    const together = resizedCrop(tf.concat([input, input, input]), views, { height: 9, width: 12 });
    const alone = views.map(({ box, flipped }) => {
      const part = tf.slice(input, [0, box.y0, box.x0, 0], [1, box.y1 - box.y0, box.x1 - box.x0, 3]);
      return flipHorizontal(resize(part, { height: 9, width: 12 }), [flipped]);
    });
    await expect(together).toBeAllClose(tf.concat(alone), exact);
  });
});
