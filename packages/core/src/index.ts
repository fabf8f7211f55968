export { type Backbone, type FeatureStage, type Precision, precisions } from './backbone.ts';
export type {
  ClassificationDataset,
  DecodedImage,
  ImageDataset,
  SegmentationDataset,
  SegmentDataset,
} from './dataset.ts';
export { PixconError, type PixconErrorCode } from './errors.ts';
export { assertFeatureMap, featureMap } from './feature-map.ts';
export {
  area,
  type Box,
  cellCentre,
  type Grid,
  intersect,
  overlapInView,
  type ViewGeometry,
} from './geometry.ts';
export { type ChannelValues, imagenetMean, imagenetStandardDeviation } from './imagenet-statistics.ts';
export { assertMatchValues, matchCells } from './match-cells.ts';
export type { Match, MatchInput, MatchingStrategy } from './matching.ts';
export type {
  InitializeOptions,
  InstanceRequest,
  Losses,
  LossPart,
  Method,
  MethodState,
  StepContext,
  Targets,
} from './method.ts';
export type { Mode, Module } from './module.ts';
export type { NetworkGraph, NetworkNode } from './network-graph.ts';
export { describeNonFinite } from './non-finite.ts';
export type { Optimizer, UpdateOptions } from './optimizer.ts';
export {
  type ParameterLayout,
  type ParameterRole,
  ParameterSet,
  type ParameterSpec,
  type Parameters,
  prefixSpecs,
  scoped,
} from './parameters.ts';
export type { KeyQueue } from './queue.ts';
export { type RandomState, RandomStream } from './random.ts';
export type { Schedule } from './schedule.ts';
export { shorten } from './shorten.ts';
export { assertNumber, assertOneOf, assertShape, type NumberRange } from './validate.ts';
export type { View, ViewPair } from './views.ts';
