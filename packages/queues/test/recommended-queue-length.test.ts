import { describe, expect, it } from 'vitest';
import { recommendedQueueLength } from '../src/index.ts';

describe('recommendedQueueLength', () => {
  it.each([
    [1, 16],
    [50, 16],
    [51, 32],
    [367, 128],
    [1000, 256],
    [5000, 2048],
    [10_000, 2048],
    [50_000, 16_384],
    [80_000, 32_768],
    [80_001, 65_536],
    [118_287, 65_536],
    [1_281_167, 65_536],
    [undefined, 65_536],
  ])('%s images: %i keys', (images, keys) => {
    expect(recommendedQueueLength(images, 1)).toBe(keys);
    expect(recommendedQueueLength(images, 16)).toBe(keys);
  });

  it('is a multiple of the batch, and at least one batch', () => {
    for (const batch of [1, 3, 24, 100, 512]) {
      for (const images of [20, 400, 3000, 70_000, 1e6]) {
        const length = recommendedQueueLength(images, batch);
        expect(length % batch).toBe(0);
        expect(length).toBeGreaterThanOrEqual(batch);
      }
    }
    expect(recommendedQueueLength(60, 48)).toBe(48);
  });

  it('is shorter than the data set, but for sets below one batch or 16 images', () => {
    for (let images = 17; images < 200_000; images = Math.ceil(images * 1.07)) {
      expect(recommendedQueueLength(images, 1)).toBeLessThan(images);
    }
  });

  it('refuses what is no count', () => {
    expect(() => recommendedQueueLength(0, 1)).toThrow('datasetSize must be');
    expect(() => recommendedQueueLength(10, 0.5)).toThrow('batchSize must be');
  });
});
