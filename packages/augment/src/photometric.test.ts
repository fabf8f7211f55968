import { RandomStream } from '@pixcon/core';
import { describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  adjustBrightness,
  adjustContrast,
  adjustHue,
  adjustSaturation,
  applyPhotometric,
  blurKernelSize,
  byolAugmentation,
  colorJitter,
  flipHorizontal,
  gaussianBlur,
  imagenetMean,
  imagenetStandardDeviation,
  mocoV2Augmentation,
  normalize,
  type PhotometricParameters,
  resize,
  resizedCrop,
  samplePhotometric,
  solarize,
  toGrayscale,
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

const all: PhotometricParameters = {
  brightness: 1.2,
  contrast: 0.8,
  saturation: 1.3,
  hue: -0.07,
  grayscale: true,
  blurSigma: 1.1,
  solarizeThreshold: 0.5,
};

function makeImages(batch: number, height = 12, width = 17): tf.Tensor4D {
  const random = new RandomStream(batch);
  const values = Float32Array.from({ length: batch * height * width * 3 }, () => random.uniform());
  return tf.tensor4d(values, [batch, height, width, 3]);
}

const image = (images: tf.Tensor4D, index: number) => tf.slice(images, index, 1) as tf.Tensor4D;

describeBackends('applyPhotometric', () => {
  it('is the operations one after the other, in the documented order', async () => {
    const images = makeImages(1);
    let expected = adjustBrightness(images, [1.2]);
    expected = adjustContrast(expected, [0.8]);
    expected = adjustSaturation(expected, [1.3]);
    expected = adjustHue(expected, [-0.07]);
    await expect(colorJitter(images, [all])).toBeAllClose(expected, { absolute: 1e-5 });
    expected = toGrayscale(expected, [true]);
    expected = gaussianBlur(expected, [1.1], { kernelSize: 5 });
    expected = solarize(expected, [0.5]);
    expected = normalize(expected, imagenetMean, imagenetStandardDeviation);
    const options = { kernelSize: 5, mean: imagenetMean, standardDeviation: imagenetStandardDeviation };
    await expect(applyPhotometric(images, [all], options)).toBeAllClose(expected, { absolute: 1e-4 });
  });

  it('treats every image of a batch as if it were alone', async () => {
    const images = makeImages(5);
    const random = new RandomStream(3);
    const [, recipe] = byolAugmentation({ views: [{}, { blurProbability: 0.5 }] }).views;
    const parameters = [
      none,
      all,
      { ...none, blurSigma: 2 },
      { ...none, hue: 0.5 },
      samplePhotometric(random, recipe),
    ];
    const together = applyPhotometric(images, parameters, { kernelSize: 7 });
    for (const [index, entry] of parameters.entries()) {
      const alone = applyPhotometric(image(images, index), [entry], { kernelSize: 7 });
      await expect(image(together, index)).toBeAllClose(alone, { absolute: 1e-5 });
    }
    await expect(image(together, 0)).toBeAllClose(image(images, 0), { absolute: 1e-5 });
  });

  it('runs no arithmetic for a batch that needs none', async () => {
    const images = makeImages(2);
    await expect(applyPhotometric(images, [none, none])).toBeAllClose(images, { relative: 0, absolute: 0 });
  });

  it('keeps flat images flat, grey images grey and all values in range', async () => {
    const levels = [0, 0.3, 1];
    const flat = tf.concat(levels.map((level) => tf.fill([1, 9, 9, 3], level))) as tf.Tensor4D;
    const blurred = gaussianBlur(flat, [0.1, 1, 2], { kernelSize: 17 });
    await expect(blurred).toBeAllClose(flat, { absolute: 1e-6 });
    await expect(adjustHue(flat, [0.1, -0.3, 0.5])).toBeAllClose(flat, { absolute: 1e-6 });
    const images = makeImages(3);
    const strong = { ...all, grayscale: false, brightness: 3, contrast: 2, saturation: 4 };
    const result = applyPhotometric(images, [strong, strong, { ...strong, hue: 0.5 }]);
    expect(await tf.min(result).array()).toBeGreaterThanOrEqual(-1e-6);
    expect(await tf.max(result).array()).toBeLessThanOrEqual(1 + 1e-6);
  });

  it('solarizes a value at the threshold, and not one below', async () => {
    const images = tf.tensor4d([0.25, 0.5, 0.75, 0, 1, 0.5], [2, 1, 1, 3]);
    await expect(solarize(images, [0.5, 0.75])).toBeAllClose(Float32Array.of(0.25, 0.5, 0.25, 0, 0, 0.5));
  });

  it('blurs an image that is not square as a direct convolution does', async () => {
    const images = makeImages(2, 6, 9);
    const sigmas = [0.7, 1.9];
    const blurred = sigmas.map((sigma, index) => naiveBlur(image(images, index), sigma, 2));
    const expected = tf.concat(await Promise.all(blurred));
    await expect(gaussianBlur(images, sigmas, { kernelSize: 5 })).toBeAllClose(expected, { absolute: 1e-5 });
  });

  it('turns the hue as HSV does, case by case', async () => {
    const corners = [0, 0.5, 1];
    const values = corners.flatMap((r) => corners.flatMap((g) => corners.flatMap((b) => [r, g, b])));
    const images = tf.tensor4d(values, [1, 3, 9, 3]);
    for (const shift of [-0.5, -1 / 6, 0, 0.13, 1 / 3, 0.5]) {
      const expected: number[] = [];
      for (let at = 0; at < values.length; at += 3) {
        expected.push(...naiveHue(values.slice(at, at + 3) as [number, number, number], shift));
      }
      await expect(adjustHue(images, [shift])).toBeAllClose(Float32Array.from(expected), { absolute: 1e-5 });
    }
  });

  it('leaks nothing and keeps its input', () => {
    const images = makeImages(2, 32, 32);
    const view = { box: { x0: 1, y0: 2, x1: 30, y1: 31 }, flipped: true };
    const size = { height: 8, width: 8 };
    const operations = [
      () => applyPhotometric(images, [all, none], { mean: imagenetMean, standardDeviation: [1, 1, 1] }),
      () => colorJitter(images, [all, none]),
      () => gaussianBlur(images, [1, 0]),
      () => solarize(images, [0.1, 2]),
      () => flipHorizontal(images, [true, false]),
      () => normalize(images, imagenetMean, imagenetStandardDeviation),
      () => resize(images, size),
      () => resizedCrop(images, [view, view], size),
    ];
    for (const operation of operations) expectNoLeaks(() => operation().dispose());
    expect(images.isDisposed).toBe(false);
  });
});

describe('parameters', () => {
  it('are drawn within their ranges, with their probabilities, as JSON', () => {
    const [, recipe] = byolAugmentation().views;
    const random = new RandomStream(1);
    const draws = Array.from({ length: 5000 }, () => samplePhotometric(random, recipe));
    const share = (test: (entry: PhotometricParameters) => boolean) =>
      draws.filter(test).length / draws.length;
    expect(share(({ brightness }) => brightness !== 1)).toBeCloseTo(0.8, 1);
    expect(share(({ grayscale }) => grayscale)).toBeCloseTo(0.2, 1);
    expect(share(({ blurSigma }) => blurSigma > 0)).toBeCloseTo(0.1, 1);
    expect(share(({ solarizeThreshold }) => solarizeThreshold !== null)).toBeCloseTo(0.2, 1);
    for (const entry of draws) {
      expect(Math.abs(entry.brightness - 1)).toBeLessThanOrEqual(0.4);
      expect(Math.abs(entry.contrast - 1)).toBeLessThanOrEqual(0.4);
      expect(Math.abs(entry.saturation - 1)).toBeLessThanOrEqual(0.2);
      expect(Math.abs(entry.hue)).toBeLessThanOrEqual(0.1);
      expect(entry.blurSigma === 0 || (entry.blurSigma >= 0.1 && entry.blurSigma <= 2)).toBe(true);
    }
    expect(JSON.parse(JSON.stringify(draws[0]))).toEqual(draws[0]);
  });

  it('never draw a negative factor', () => {
    const [recipe] = byolAugmentation({ views: [{ brightness: 3, jitterProbability: 1 }, {}] }).views;
    const random = new RandomStream(2);
    const factors = Array.from({ length: 500 }, () => samplePhotometric(random, recipe).brightness);
    expect(Math.min(...factors)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...factors)).toBeGreaterThan(3);
  });

  it('take the same number of draws whatever comes out', () => {
    const [first, second] = byolAugmentation().views;
    const one = new RandomStream(4);
    const two = new RandomStream(4);
    samplePhotometric(one, first);
    samplePhotometric(two, second);
    expect(one.uniform()).toBe(two.uniform());
  });
});

describe('presets', () => {
  it('hold the published values', () => {
    const byol = byolAugmentation();
    expect(byol.crops.scale).toEqual([0.08, 1]);
    expect(byol.views.map((view) => view.blurProbability)).toEqual([1, 0.1]);
    expect(byol.views.map((view) => view.solarizeProbability)).toEqual([0, 0.2]);
    const moco = mocoV2Augmentation({ crops: { flipProbability: 0 }, views: [{ hue: 0 }, {}] });
    expect(moco.crops).toMatchObject({ scale: [0.2, 1], flipProbability: 0, attempts: 10 });
    expect(moco.views.map((view) => view.hue)).toEqual([0, 0.1]);
    expect(moco.views.map((view) => view.saturation)).toEqual([0.4, 0.4]);
    expect(JSON.parse(JSON.stringify(byol))).toEqual(byol);
  });

  it('refuse what cannot be drawn', () => {
    expect(() => byolAugmentation({ views: [{ hue: 0.6 }, {}] })).toThrow(/hue/);
    expect(() => mocoV2Augmentation({ views: [{}, { blurProbability: 2 }] })).toThrow(/blurProbability/);
    expect(() => mocoV2Augmentation({ views: [{ blurSigma: [2, 1] }, {}] })).toThrow(/blurSigma/);
  });

  it('sizes the blur by the image', () => {
    expect([224, 128, 96, 64, 32, 8].map(blurKernelSize)).toEqual([23, 13, 9, 7, 3, 1]);
  });
});

describe('arguments', () => {
  it('are checked before anything runs', () => {
    const images = makeImages(2);
    const gray = tf.zeros([1, 4, 4, 1]) as tf.Tensor4D;
    expect(() => adjustBrightness(images, [1])).toThrow(/one entry per image \(2\), got 1/);
    expect(() => adjustContrast(images, [1, -1])).toThrow(/factors/);
    expect(() => adjustHue(images, [0.6, 0])).toThrow(/shifts/);
    expect(() => adjustSaturation(gray, [1])).toThrow(
      /must have shape \[any, any, any, 3\], got \[1, 4, 4, 1\]/,
    );
    expect(() => gaussianBlur(images, [1, 1], { kernelSize: 4 })).toThrow(/odd/);
    expect(() => gaussianBlur(images, [1, 1], { kernelSize: 25 })).toThrow(/at most 23/);
    expect(() => gaussianBlur(images, [1, Number.NaN])).toThrow(/sigmas/);
    expect(() => normalize(images, [0, 0, 0], [1, 1, 0])).toThrow(/standardDeviation/);
    expect(() => applyPhotometric(images, [none])).toThrow(/parameters/);
    expect(() => resize(images, { height: 0, width: 3 })).toThrow(/height/);
    const outside = { box: { x0: 0, y0: 0, x1: 18, y1: 3 }, flipped: false };
    expect(() => resizedCrop(images, [outside, outside], { height: 2, width: 2 })).toThrow(/17 × 12/);
  });
});

async function naiveBlur(single: tf.Tensor4D, sigma: number, radius: number): Promise<tf.Tensor4D> {
  const [, height, width] = single.shape;
  const values = await single.data();
  const at = (y: number, x: number, channel: number) => {
    const row = y < 0 ? -y : y >= height ? 2 * height - 2 - y : y;
    const column = x < 0 ? -x : x >= width ? 2 * width - 2 - x : x;
    return values[(row * width + column) * 3 + channel] as number;
  };
  const result: number[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        let total = 0;
        for (let dy = -radius; dy <= radius; dy++) {
          for (let dx = -radius; dx <= radius; dx++) {
            const weight = Math.exp(-(dx * dx + dy * dy) / (2 * sigma * sigma));
            sum += weight * at(y + dy, x + dx, channel);
            total += weight;
          }
        }
        result.push(sum / total);
      }
    }
  }
  return tf.tensor4d(result, [1, height, width, 3]);
}

function naiveHue([r, g, b]: [number, number, number], shift: number): number[] {
  const max = Math.max(r, g, b);
  const chroma = max - Math.min(r, g, b);
  if (chroma === 0) return [r, g, b];
  let hue = 4 + (r - g) / chroma;
  if (max === r) hue = (g - b) / chroma;
  else if (max === g) hue = 2 + (b - r) / chroma;
  const turned = (((hue / 6 + shift) % 1) + 1) % 1;
  const sector = Math.floor(turned * 6);
  const fraction = turned * 6 - sector;
  const p = max - chroma;
  const q = max - chroma * fraction;
  const t = max - chroma * (1 - fraction);
  const sectors = [
    [max, t, p],
    [q, max, p],
    [p, max, t],
    [p, q, max],
    [t, p, max],
    [max, p, q],
  ];
  return sectors[sector % 6] as number[];
}
