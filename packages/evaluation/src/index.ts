export { cellLabels, voidClass } from './cell-labels.ts';
export { type ExtractCellsOptions, extractCells } from './extract-cells.ts';
export type { LabelledCells } from './labelled-cells.ts';
export { type NearestNeighbourOptions, nearestNeighbourCells } from './nearest-neighbour-cells.ts';
export { type CellScores, type ScoreCellsOptions, scoreCells } from './score-cells.ts';
export {
  type SegmentationScores,
  type SegmentationScoresOptions,
  segmentationScores,
} from './segmentation-scores.ts';
