import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { ViewGeometry } from './geometry.ts';

/** One augmented crop of every image of a batch. */
export interface View {
  /** `[batch, height, width, 3]`, normalised. */
  readonly images: Tensor4D;
  /** One per image. */
  readonly geometry: readonly ViewGeometry[];
}

/** A batch of two views of the same images. Who makes it disposes its tensors. */
export interface ViewPair {
  readonly views: readonly [View, View];
  /** File names or other identifiers, one per image, for messages. */
  readonly names: readonly string[];
}
