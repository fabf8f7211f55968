export type { Ratio, WorkloadResult } from './compare.ts';
export { compare } from './compare.ts';
export { type MeasureRequest, measure } from './measure.ts';
export type { Measurement, Spread } from './measurement.ts';
export { type ProfileRequest, profile } from './profile/profile.ts';
export type { OperationSummary, PhaseSummary, ProfileSummary } from './profile/summary.ts';
export { findWorkloads, workloads } from './workloads/table.ts';
export type { DataSizes, LossSizes, StepSizes, Workload, WorkloadSizes } from './workloads/workload.ts';
