export type { CellAttention, InspectedPair, InspectedView, PairInspection, Picture, Snapshot } from './inspection.ts';
export type { ReportData, ReportMetrics, ReportScore } from './report-data.ts';
