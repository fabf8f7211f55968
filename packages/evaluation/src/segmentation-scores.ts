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
  assertNumber('segmentationScores', 'classCount', classCount, { minimum: 1, integer: true });
  const confusion = emptyConfusion(classCount);
  countInto(confusion, predictions, labels, options.ignore);
  return scoresOf(confusion);
}

/** `[classes][classes]` zeros. */
export function emptyConfusion(classCount: number): number[][] {
  return Array.from({ length: classCount }, () => new Array<number>(classCount).fill(0));
}

/** Adds positions to a confusion matrix, so that a data set can be scored as a whole, image by image. */
export function countInto(
  confusion: number[][],
  predictions: ArrayLike<number>,
  labels: ArrayLike<number>,
  ignore: number = voidClass,
): void {
  if (predictions.length !== labels.length) {
    throw new PixconError(
      'invalid-shape',
      `segmentationScores: predictions and labels must have the same length, got ${predictions.length} and ${labels.length}`,
    );
  }
  for (let position = 0; position < labels.length; position++) {
    const label = labels[position] as number;
    if (label === ignore) continue;
    const row = confusion[label];
    const prediction = predictions[position] as number;
    if (!row || row[prediction] === undefined) {
      throw new PixconError(
        'data',
        `segmentationScores: classes must be below ${confusion.length}, got label ${label} and prediction ${prediction} at position ${position}`,
      );
    }
    row[prediction] += 1;
  }
}

export function scoresOf(confusion: readonly (readonly number[])[]): SegmentationScores {
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

/**
 * Of a confusion matrix, the one that always predicting `label` would have given: what knowing nothing is worth.
 */
export function constantPrediction(
  confusion: readonly (readonly number[])[],
  label: number,
): readonly (readonly number[])[] {
  return confusion.map((row) => row.map((_, column) => (column === label ? total(row) : 0)));
}

export function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
