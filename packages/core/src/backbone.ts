import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { Mode, Module } from './module.ts';
import type { NetworkGraph } from './network-graph.ts';
import type { Parameters } from './parameters.ts';

/** One stage of a backbone, whose output is a feature map. */
export interface FeatureStage {
  /** torchvision's name: `stem` (after max pooling), `layer1` … `layer4`. */
  readonly name: string;
  readonly channels: number;
  /** Input pixels per cell side. */
  readonly stride: number;
}

/** `full`: float32 throughout. `mixed`: images between layers in half precision, all that adds up in float32. */
export const precisions = ['full', 'mixed'] as const;
export type Precision = (typeof precisions)[number];

/**
 * From images to feature maps. `apply` returns the last stage, `[batch, height / stride, width / stride,
 * channels]`.
 */
export interface Backbone extends Module<Tensor4D, Tensor4D> {
  readonly name: string;
  /** In order of depth; the last is what `apply` returns. */
  readonly stages: readonly FeatureStage[];
  /** Channels of the last stage. */
  readonly channels: number;
  /** Stride of the last stage. */
  readonly stride: number;
  /** Of what it keeps between its layers in training; its results are in full. `full` by default. */
  readonly precision?: Precision;
  /** What it computes at inference, as data. Without it, the network cannot be exported as a graph. */
  readonly graph?: NetworkGraph;
  /**
   * Feature maps of the named stages, in the order asked for.
   *
   * @throws PixconError `invalid-argument` for an unknown stage
   */
  features(parameters: Parameters, images: Tensor4D, stages: readonly string[], mode: Mode): Tensor4D[];
}
