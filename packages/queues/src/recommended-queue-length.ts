import { assertNumber } from '@pixcon/core';

/**
 * How many negative keys suit a data set: 65,536 for a large one, fewer for a small one. A queue as long as the
 * data set holds an older key of nearly every image, so that images become negatives of themselves.
 *
 * | images up to | keys |   | images up to | keys |
 * |---|---|---|---|---|
 * | 50 | 16 |   | 10,000 | 2,048 |
 * | 100 | 32 |   | 20,000 | 4,096 |
 * | 250 | 64 |   | 40,000 | 8,192 |
 * | 500 | 128 |   | 60,000 | 16,384 |
 * | 1,000 | 256 |   | 80,000 | 32,768 |
 * | 2,000 | 512 |   | more | 65,536 |
 * | 4,000 | 1,024 |   | | |
 *
 * These are a quarter to a half of the images, the memory-bank sizes that lightly-train uses for DenseCL, except
 * that 65,536 starts at 80,000 images instead of 200,000: PixCon trains COCO's 118,000 with it. The result is
 * rounded up to a multiple of the batch, and is at least one batch, so that every step replaces whole batches.
 *
 * @param datasetSize images in the data set; unknown means large
 * @param batchSize keys that a step enqueues
 * @throws PixconError `invalid-argument` for numbers that are no whole numbers above 0
 *
 * @example
 * recommendedQueueLength(118_287, 512); // => 65536
 * recommendedQueueLength(367, 16); // => 128
 * recommendedQueueLength(undefined, 24); // => 65544
 */
export function recommendedQueueLength(datasetSize: number | undefined, batchSize: number): number {
  assertNumber('recommendedQueueLength', 'batchSize', batchSize, { minimum: 1, integer: true });
  if (datasetSize !== undefined) {
    assertNumber('recommendedQueueLength', 'datasetSize', datasetSize, { minimum: 1, integer: true });
  }
  const length = lengthFor(datasetSize ?? Number.POSITIVE_INFINITY);
  return Math.ceil(length / batchSize) * batchSize;
}

function lengthFor(images: number): number {
  const limits = [50, 100, 250, 500, 1000, 2000, 4000, 10_000, 20_000, 40_000, 60_000, 80_000];
  const bucket = limits.findIndex((limit) => images <= limit);
  return bucket === -1 ? 65_536 : 16 * 2 ** bucket;
}
