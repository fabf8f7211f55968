import { type Backbone, type Parameters, PixconError, type SegmentationDataset } from '@pixcon/core';
import { assertTelling, classTotals } from './assert-telling.ts';
import { type EvaluationOptions, onFrozenNetwork } from './evaluation-options.ts';
import type { EvaluationResult } from './evaluation-result.ts';
import { labelledCells } from './extract-cells.ts';
import { featureWarnings } from './feature-warnings.ts';
import { nearestNeighbourCells } from './nearest-neighbour-cells.ts';
import { segmentationResult } from './segmentation-result.ts';
import { segmentationScores } from './segmentation-scores.ts';

export interface NearestNeighbourEvaluationOptions extends EvaluationOptions {
  /** How many neighbours vote. Default 20. */
  readonly neighbours?: number;
  /** A vote weighs exp(cosine / temperature). Default 0.07. */
  readonly temperature?: number;
}

/**
 * Nearest neighbours of cells: each labelled cell of the validation images is labelled by the most similar cells of
 * the train images (`nearestNeighbourCells`) and scored by mean IoU over cells. Nothing is trained. A cell's label is
 * the majority of its pixels.
 *
 * @param parameters the backbone's, by its own names: `scoped(state.online, method.backbonePrefix)` of a method
 * @returns `metric` mIoU; `details`: pixelAccuracy (of cells), trainCells, validationCells
 * @throws PixconError `invalid-argument` for an option out of range or an image on both sides of the split, `data`
 *   when a side has no labelled cells of two classes, `numerical` for weights or features that are not finite; what
 *   `dataset` throws for an unreadable image
 *
 * @example
 * const { value } = await cellNearestNeighbours(backbone, parameters, dataset, { imageSize: 128, neighbours: 5 });
 */
export async function cellNearestNeighbours(
  backbone: Backbone,
  parameters: Parameters,
  dataset: SegmentationDataset,
  options: NearestNeighbourEvaluationOptions = {},
): Promise<EvaluationResult> {
  const { neighbours = 20, temperature = 0.07, ...rest } = options;
  const where = 'cellNearestNeighbours';
  const classCount = dataset.classNames.length;
  return await onFrozenNetwork(where, backbone, parameters, dataset, rest, async (evaluation) => {
    const { network, split, resolved, statistics } = evaluation;
    const train = await labelledCells(backbone, network, dataset, split.train, resolved);
    const test = await labelledCells(backbone, network, dataset, split.validation, resolved);
    if (train.labels.length === 0 || test.labels.length === 0) {
      throw new PixconError(
        'data',
        `${where}: expected labelled cells in train and validation images, got ${train.labels.length} and ${test.labels.length}`,
      );
    }
    const trainTotals = classTotals(train.labels, classCount);
    const testTotals = classTotals(test.labels, classCount);
    assertTelling(where, 'learn from', 'labelled cells', trainTotals, dataset.classNames);
    assertTelling(where, 'score', 'labelled cells', testTotals, dataset.classNames);
    const predictions = await nearestNeighbourCells({ train, test, neighbours, temperature, classCount });
    return segmentationResult({
      protocol: 'cell-knn',
      dataset,
      confusion: segmentationScores(predictions, test.labels, classCount).confusion,
      details: { trainCells: train.labels.length, validationCells: test.labels.length },
      settings: { ...resolved, statistics, neighbours, temperature },
      warnings: featureWarnings(train.features, train.dim, 'train cells'),
      trainTotals,
    });
  });
}
