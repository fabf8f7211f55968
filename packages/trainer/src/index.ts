export type { MetricsRecord, PretrainEvent } from './events.ts';
export { type InitialStateOptions, initialState, type PretrainResult, pretrain } from './pretrain.ts';
export type { PretrainOptions } from './pretrain-options.ts';
export { type StepScalars, type TrainStepOptions, trainStep } from './train-step.ts';
