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
export type { ReportData, ReportMetrics, ReportScore } from './report-data.ts';
