export { type Comparison, drawComparison } from './chart/draw-comparison.ts';
export { drawConfusion } from './chart/draw-confusion.ts';
export { type DrawLossOptions, drawLoss } from './chart/draw-loss.ts';
export { drawMemory } from './chart/draw-memory.ts';
export { drawScalar } from './chart/draw-scalar.ts';
export { drawScore } from './chart/draw-score.ts';
export type { ChartOptions } from './chart/plot.ts';
export { type InspectPairsOptions, inspectPairs } from './inspect/inspect-pairs.ts';
export { type InspectedPairsOptions, inspectedPairs } from './inspect/inspected-pairs.ts';
export type {
  CellAttention,
  InspectedPair,
  InspectedView,
  PairInspection,
  Picture,
  Snapshot,
} from './inspection.ts';
export type { MatchSelection } from './picture/choose-matches.ts';
export { type DrawAttentionOptions, drawAttention } from './picture/draw-attention.ts';
export { type DrawMatchesOptions, drawMatches } from './picture/draw-matches.ts';
export { type DrawMatchesOverTimeOptions, drawMatchesOverTime } from './picture/draw-matches-over-time.ts';
export { type DrawOverlapOptions, drawOverlap } from './picture/draw-overlap.ts';
export { type DrawViewOptions, drawView } from './picture/draw-view.ts';
export { type DrawWeightsOptions, drawWeights } from './picture/draw-weights.ts';
export {
  type EncodedPair,
  type EncodedPicture,
  type EncodedView,
  encodePair,
} from './picture/encode-pair.ts';
export { renderReport } from './report/render-report.ts';
export type { ReportData, ReportMetrics, ReportScore } from './report-data.ts';
export { fixTheme, type Theme } from './theme.ts';
export { type ToPngOptions, toPng } from './to-png.ts';
