export { cellFractions } from './cell-fractions.ts';
export { cellLabels, voidClass } from './cell-labels.ts';
export { cellNearestNeighbours, type NearestNeighbourEvaluationOptions } from './cell-nearest-neighbours.ts';
export { cellSegments, voidSegment } from './cell-segments.ts';
export type { EvaluationOptions } from './evaluation-options.ts';
export type { EvaluationResult, ProtocolName } from './evaluation-result.ts';
export { type ExtractCellsOptions, extractCells } from './extract-cells.ts';
export type { FeatureOptions } from './feature-maps.ts';
export type { StatisticsMode } from './frozen-network.ts';
export {
  imageNearestNeighbours,
  type LinearClassificationOptions,
  linearClassification,
} from './image-classification.ts';
export type { LabelledCells } from './labelled-cells.ts';
export { type LinearSegmentationOptions, linearSegmentation } from './linear-segmentation.ts';
export {
  type LogisticProbe,
  type LogisticProbeOptions,
  logisticProbe,
  type ProbeRows,
  probeLogits,
} from './logistic-probe.ts';
export { type MatchConsistencyOptions, matchConsistency } from './match-consistency.ts';
export { type NearestNeighbourOptions, nearestNeighbourCells } from './nearest-neighbour-cells.ts';
export type { ProbeOptions } from './probe-options.ts';
export {
  type KeepResizedOptions,
  keepResized,
  type ResizedImage,
  type ResizedImages,
} from './resized-images.ts';
export { type CellScores, type ScoreCellsOptions, scoreCells } from './score-cells.ts';
export {
  type SegmentationScores,
  type SegmentationScoresOptions,
  segmentationScores,
} from './segmentation-scores.ts';
export {
  type SegmentedPair,
  type SegmentedPairs,
  type SegmentedPairsOptions,
  type SegmentedView,
  segmentedPairs,
} from './segmented-pairs.ts';
export { type TrainValidationOptions, type TrainValidationSplit, trainValidationSplit } from './split.ts';
