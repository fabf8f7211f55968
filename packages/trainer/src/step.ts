export { type StepScalars, type TrainStepOptions, trainStep } from './train-step.ts';
