import { type Backbone, type Parameters, PixconError, type SegmentationDataset } from '@pixcon/core';
import { assertTelling, classTotals } from './assert-telling.ts';
import { type ExtractCellsOptions, extractCells } from './extract-cells.ts';
import { nearestNeighbourCells } from './nearest-neighbour-cells.ts';
import { type SegmentationScores, segmentationScores } from './segmentation-scores.ts';

export interface ScoreCellsOptions extends Omit<ExtractCellsOptions, 'indices'> {
  /** Images whose cells are labelled. Default: the first half of the data set, rounded up. */
  readonly reference?: readonly number[];
  /** Images whose cells are to be labelled. Default: the second half. */
  readonly query?: readonly number[];
  /** How many neighbours vote. Default 20. */
  readonly neighbours?: number;
  /** A vote weighs exp(cosine / temperature). Default 0.07. */
  readonly temperature?: number;
}

export interface CellScores extends SegmentationScores {
  readonly referenceCells: number;
  readonly queryCells: number;
}

/**
 * How well frozen features tell classes apart, in one call: cells of the query images are labelled by their
 * nearest neighbours among the cells of the reference images, and the labelling is scored by mean IoU. Nothing
 * is trained.
 *
 * @param parameters the backbone's, by its own names: `scoped(state.online, method.backbonePrefix)` of a method
 * @throws PixconError `data` when the labelled cells of the reference or query images are not of two classes, `invalid-argument` when an
 *   image is in both
 *
 * @example
 * const backbone = resnet18();
 * const parameters = ParameterSet.create(backbone.parameters, new RandomStream(0));
 * const { meanIoU } = await scoreCells(backbone, parameters, dataset, { imageSize: 128, stage: 'layer4' });
 */
export async function scoreCells(
  backbone: Backbone,
  parameters: Parameters,
  dataset: SegmentationDataset,
  options: ScoreCellsOptions = {},
): Promise<CellScores> {
  const all = Array.from({ length: dataset.length }, (_, index) => index);
  const half = Math.ceil(dataset.length / 2);
  const {
    reference = all.slice(0, half),
    query = all.slice(half),
    neighbours,
    temperature,
    ...rest
  } = options;
  const known = new Set(reference);
  const shared = query.find((index) => known.has(index));
  if (shared !== undefined) {
    throw new PixconError(
      'invalid-argument',
      `scoreCells: an image must be reference or query, got ${dataset.name(shared)} in both`,
    );
  }
  const train = await extractCells(backbone, parameters, dataset, { ...rest, indices: reference });
  const test = await extractCells(backbone, parameters, dataset, { ...rest, indices: query });
  if (train.labels.length === 0 || test.labels.length === 0) {
    throw new PixconError(
      'data',
      `scoreCells: expected labelled cells in reference and query images, got ${train.labels.length} in ${reference.length} and ${test.labels.length} in ${query.length} images`,
    );
  }
  const { classNames } = dataset;
  const classCount = classNames.length;
  for (const [side, { labels }] of [
    ['learn from', train],
    ['score', test],
  ] as const) {
    assertTelling('scoreCells', side, 'labelled cells', classTotals(labels, classCount), classNames);
  }
  const predictions = await nearestNeighbourCells({
    train,
    test,
    classCount,
    ...(neighbours !== undefined && { neighbours }),
    ...(temperature !== undefined && { temperature }),
  });
  return {
    ...segmentationScores(predictions, test.labels, classCount),
    referenceCells: train.labels.length,
    queryCells: test.labels.length,
  };
}
