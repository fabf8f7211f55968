import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { ViewGeometry } from './geometry.ts';

/** One augmented crop of every image of a batch, or several of each. */
export interface View {
  /** `[batch, height, width, 3]`, normalised. */
  readonly images: Tensor4D;
  /** One per crop. */
  readonly geometry: readonly ViewGeometry[];
}

/** A batch of two views of the same images. Who makes it disposes its tensors. */
export interface ViewPair {
  readonly views: readonly [View, View];
  /**
   * Regions of each image, cut from where its two views overlap: only for methods that ask for `instances`.
   * `[batch · count, size, size, 3]`, the regions of an image one after another.
   */
  readonly instances?: View;
  /** File names or other identifiers, one per image, for messages. */
  readonly names: readonly string[];
}
