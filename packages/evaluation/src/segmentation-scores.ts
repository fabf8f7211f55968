import { assertNumber, PixconError } from '@pixcon/core';
import { voidClass } from './cell-labels.ts';

export interface SegmentationScoresOptions {
  /** Label of positions that do not count. Default 255. */
  readonly ignore?: number;
}

export interface SegmentationScores {
  /** `confusion[label][prediction]`: how many positions. */
  readonly confusion: readonly (readonly number[])[];
  /** Intersection over union by class; null for a class in neither labels nor predictions. */
  readonly perClassIoU: readonly (number | null)[];
  /** Mean of `perClassIoU` over the classes that appear; NaN when no position counts. */
  readonly meanIoU: number;
  /** The share of positions predicted right; NaN when no position counts. */
  readonly pixelAccuracy: number;
}

/**
 * Scores a labelling: IoU_c = confusion_cc / (Σ_p confusion_cp + Σ_l confusion_lc − confusion_cc), as in the
 * PASCAL VOC segmentation task.
 *
 * @param predictions class indices, one per position
 * @param labels class indices or `ignore`, one per position
 * @throws PixconError `invalid-shape` when the lengths differ, `data` for a class outside `classCount`
 *
 * @example
 * const scores = segmentationScores([0, 0, 1, 1], [0, 1, 1, 255], 3);
 * scores.perClassIoU; // => [0.5, 0.5, null]
 * scores.meanIoU; // => 0.5
 */
export function segmentationScores(
  predictions: ArrayLike<number>,
  labels: ArrayLike<number>,
  classCount: number,
  options: SegmentationScoresOptions = {},
): SegmentationScores {
  const { ignore = voidClass } = options;
  assertNumber('segmentationScores', 'classCount', classCount, { minimum: 1, integer: true });
  if (predictions.length !== labels.length) {
    throw new PixconError(
      'invalid-shape',
      `segmentationScores: predictions and labels must have the same length, got ${predictions.length} and ${labels.length}`,
    );
  }
  const confusion = Array.from({ length: classCount }, () => new Array<number>(classCount).fill(0));
  for (let position = 0; position < labels.length; position++) {
    const label = labels[position] as number;
    if (label === ignore) continue;
    const row = confusion[label];
    const prediction = predictions[position] as number;
    if (!row || row[prediction] === undefined) {
      throw new PixconError(
        'data',
        `segmentationScores: classes must be below ${classCount}, got label ${label} and prediction ${prediction} at position ${position}`,
      );
    }
    row[prediction] += 1;
  }
  const perClassIoU = confusion.map((row, label) => {
    const hits = row[label] as number;
    const predicted = confusion.reduce((sum, other) => sum + (other[label] as number), 0);
    const union = total(row) + predicted - hits;
    return union === 0 ? null : hits / union;
  });
  const appearing = perClassIoU.filter((value) => value !== null);
  const right = total(confusion.map((row, label) => row[label] as number));
  return {
    confusion,
    perClassIoU,
    meanIoU: total(appearing) / appearing.length,
    pixelAccuracy: right / total(confusion.map(total)),
  };
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
