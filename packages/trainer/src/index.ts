export type { MetricsRecord, PretrainEvent } from './events.ts';
export { type InitialStateOptions, initialState } from './initial-state.ts';
export { pretrain } from './pretrain.ts';
export type { PretrainOptions } from './pretrain-options.ts';
export { readReportData } from './report/read-report-data.ts';
export type { PretrainResult } from './run.ts';
export { isRunning } from './run-lock.ts';
export { type StepScalars, type TrainStepOptions, trainStep } from './train-step.ts';
