import { readFileSync } from 'node:fs';
import { checkGradients, describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { type RegionBox, type RoiAlignOptions, roiAlign } from './roi-align.ts';

extendExpect();

interface Stored {
  readonly shape: [number, number, number, number];
  readonly values: number[];
}
const fixture: Record<string, Stored> = JSON.parse(
  readFileSync(new URL('../test/fixtures/roi-align.json', import.meta.url), 'utf8'),
);
const stored = (name: string): Stored => fixture[name] as Stored;
const boxes: RegionBox[] = Array.from({ length: 3 }, (_, i) => {
  const [image, x0, y0, x1, y1] = stored('boxes').values.slice(5 * i, 5 * i + 5);
  return { image, x0, y0, x1, y1 } as RegionBox;
});

/** NCHW as torchvision stores it, to NHWC. */
const load = (name: string): tf.Tensor4D =>
  tf.tidy(
    () => tf.transpose(tf.tensor4d(stored(name).values, stored(name).shape), [0, 2, 3, 1]) as tf.Tensor4D,
  );

describeBackends('roiAlign', () => {
  const cases: [string, RoiAlignOptions][] = [
    ['7x7_aligned', { outputHeight: 7, outputWidth: 7 }],
    ['7x7_aligned_ratio2', { outputHeight: 7, outputWidth: 7, samplingRatio: 2 }],
    ['3x3_legacy', { outputHeight: 3, outputWidth: 3, aligned: false }],
  ];
  it.each(cases)('agrees with torchvision: %s', async (name, options) => {
    const [input, expected] = [load('input'), load(name)];
    const output = roiAlign(input, boxes, options);
    await expect(output).toBeAllClose(expected, { absolute: 1e-5 });
    tf.dispose([input, expected, output]);
  });

  it('gives back a map that a whole-image region samples cell by cell', async () => {
    const features = tf.randomNormal<tf.Rank.R4>([2, 5, 6, 3], 0, 1, 'float32', 1);
    const whole = [0, 1].map((image) => ({ image, x0: 0, y0: 0, x1: 6, y1: 5 }));
    const same = roiAlign(features, whole, { outputHeight: 5, outputWidth: 6 });
    await expect(same).toBeAllClose(features);
    tf.dispose([features, same]);
  });

  it('is 0 beyond the map and for a region without area', async () => {
    const features = tf.ones<tf.Rank.R4>([1, 4, 4, 2]);
    const outside = [
      { image: 0, x0: 6, y0: 0, x1: 9, y1: 3 },
      { image: 0, x0: 1, y0: 2, x1: 1, y1: 3 },
    ];
    const output = roiAlign(features, outside, { outputHeight: 2, outputWidth: 3 });
    await expect(output).toBeAllClose(new Float32Array(2 * 2 * 3 * 2));
    tf.dispose([features, output]);
  });

  it('undoes the flip of a map: a mirrored region is the region of the flipped map', async () => {
    const features = tf.randomNormal<tf.Rank.R4>([2, 4, 5, 3], 0, 1, 'float32', 3);
    const flipped = tf.reverse(features, 2);
    const region = { y0: 0.5, y1: 3.2 };
    const size = { outputHeight: 3, outputWidth: 4 };
    const plain = [
      { image: 0, x0: 1, x1: 4.5, ...region },
      { image: 1, x0: 0.2, x1: 2, ...region },
    ];
    const mirrored = plain.map((box) => ({ ...box, x0: 5 - box.x1, x1: 5 - box.x0, mirrored: true }));
    await expect(roiAlign(flipped, mirrored, size)).toBeAllClose(roiAlign(features, plain, size), {
      absolute: 1e-5,
    });
    await checkGradients((x) => roiAlign(x, mirrored, size), [features]);
  });

  it('has the right gradient, also where an image has several regions or none', async () => {
    const features = tf.randomNormal<tf.Rank.R4>([3, 4, 5, 2], 0, 1, 'float32', 2);
    const regions = [
      { image: 2, x0: 0.3, y0: -0.4, x1: 4.1, y1: 3.7 },
      { image: 0, x0: 1, y0: 1, x1: 2.2, y1: 4.9 },
      { image: 2, x0: 2, y0: 0, x1: 5, y1: 2 },
    ];
    const onePerImage = regions.map((region, image) => ({ ...region, image }));
    for (const list of [regions, onePerImage]) {
      await checkGradients((x) => roiAlign(x, list, { outputHeight: 2, outputWidth: 3 }), [features]);
    }
    expectNoLeaks(() => roiAlign(features, regions, { outputHeight: 2, outputWidth: 3 }).dispose());
    features.dispose();
  });

  it('says what is wrong', () => {
    const features = tf.zeros<tf.Rank.R4>([1, 4, 4, 2]);
    const box = { image: 0, x0: 0, y0: 0, x1: 1, y1: 1 };
    const size = { outputHeight: 2, outputWidth: 2 };
    expect(() => roiAlign(features, [], size)).toThrow('at least one box');
    expect(() => roiAlign(features, [{ ...box, image: 1 }], size)).toThrow('boxes[0].image');
    expect(() => roiAlign(features, [{ ...box, x1: Number.NaN }], size)).toThrow('edge of boxes[0]');
    expect(() => roiAlign(features, [box], { ...size, outputWidth: 0 })).toThrow('outputWidth');
    features.dispose();
  });
});
