import { PixconError, type SegmentationDataset } from '@pixcon/core';
import type { EvaluationResult } from './evaluation-result.ts';
import { constantPrediction, scoresOf } from './segmentation-scores.ts';

export interface SegmentationResultInput extends Pick<EvaluationResult, 'protocol' | 'details' | 'settings'> {
  readonly dataset: SegmentationDataset;
  readonly confusion: readonly (readonly number[])[];
  readonly warnings?: readonly string[];
  /** How much of each class the train images hold: the commonest is what chance predicts. */
  readonly trainTotals: readonly number[];
}

/**
 * A confusion matrix of pixels or cells as a result.
 *
 * @throws PixconError `data` when nothing was counted
 */
export function segmentationResult(input: SegmentationResultInput): EvaluationResult {
  const { protocol, dataset, confusion, details, settings, warnings = [], trainTotals } = input;
  const { meanIoU, perClassIoU, pixelAccuracy } = scoresOf(confusion);
  if (!Number.isFinite(meanIoU)) {
    throw new PixconError(
      'data',
      `${protocol}: expected labelled pixels in the validation images, but all are void`,
    );
  }
  const commonest = trainTotals.indexOf(Math.max(...trainTotals));
  return {
    protocol,
    metric: 'mIoU',
    value: meanIoU,
    chance: scoresOf(constantPrediction(confusion, commonest)).meanIoU,
    details: { pixelAccuracy, ...details },
    classNames: dataset.classNames,
    perClass: perClassIoU,
    confusion,
    settings,
    warnings,
  };
}
