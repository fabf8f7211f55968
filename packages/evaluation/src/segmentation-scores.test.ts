import { RandomStream } from '@pixcon/core';
import { describe, expect, it } from 'vitest';
import { segmentationScores } from './segmentation-scores.ts';

describe('segmentationScores', () => {
  it('counts by hand', () => {
    const labels = [0, 0, 0, 1, 1, 2];
    const predictions = [0, 0, 1, 1, 2, 2];
    const scores = segmentationScores(predictions, labels, 3);
    expect(scores.confusion).toEqual([
      [2, 1, 0],
      [0, 1, 1],
      [0, 0, 1],
    ]);
    expect(scores.perClassIoU).toEqual([2 / 3, 1 / 3, 1 / 2]);
    expect(scores.meanIoU).toBeCloseTo(0.5, 12);
    expect(scores.pixelAccuracy).toBeCloseTo(4 / 6, 12);
  });

  it('leaves out a class that never appears, but not one that is only predicted', () => {
    const { perClassIoU, meanIoU } = segmentationScores([0, 0, 3], [0, 0, 0], 4);
    expect(perClassIoU).toEqual([2 / 3, null, null, 0]);
    expect(meanIoU).toBeCloseTo(1 / 3, 12);
  });

  it('does not count ignored labels, whatever is predicted there', () => {
    const scores = segmentationScores([0, 1, 200], [0, 255, 255], 2);
    expect(scores.meanIoU).toBe(1);
    expect(scores.pixelAccuracy).toBe(1);
    expect(segmentationScores([0, 1], [0, 9], 2, { ignore: 9 }).pixelAccuracy).toBe(1);
  });

  it('is NaN when nothing counts', () => {
    const scores = segmentationScores([0], [255], 2);
    expect(scores.perClassIoU).toEqual([null, null]);
    expect(scores.meanIoU).toBeNaN();
    expect(scores.pixelAccuracy).toBeNaN();
  });

  it('agrees with sets of positions, in any order of positions', () => {
    const random = new RandomStream(2);
    const draw = () => Array.from({ length: 500 }, () => random.integer(0, 5));
    const [labels, predictions] = [draw(), draw()];
    const scores = segmentationScores(predictions, labels, 5);
    for (let label = 0; label < 5; label++) {
      const both = labels.filter((value, i) => value === label && predictions[i] === label).length;
      const either = labels.filter((value, i) => value === label || predictions[i] === label).length;
      expect(scores.perClassIoU[label]).toBeCloseTo(both / either, 12);
    }
    const order = [...random.permutation(500)];
    const shuffled = segmentationScores(
      order.map((i) => predictions[i] as number),
      order.map((i) => labels[i] as number),
      5,
    );
    expect(shuffled).toEqual(scores);
  });

  it('refuses what does not fit', () => {
    expect(() => segmentationScores([0], [0, 1], 2)).toThrow('same length, got 1 and 2');
    expect(() => segmentationScores([0], [2], 2)).toThrow('below 2, got label 2');
    expect(() => segmentationScores([2], [0], 2)).toThrow('prediction 2 at position 0');
    expect(() => segmentationScores([0], [0], 0)).toThrow('classCount');
  });
});
