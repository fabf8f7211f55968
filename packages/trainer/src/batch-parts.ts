import type { View, ViewPair } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';

/** A batch as `count` batches of consecutive images; what is not shared with it is freed by the caller's tidy. */
export function batchParts(batch: ViewPair, count: number): readonly ViewPair[] {
  if (count === 1) return [batch];
  const size = batch.names.length / count;
  const part = ({ images, geometry }: View, first: number): View => {
    const [, height, width, channels] = images.shape;
    return {
      images: tf.slice4d(images, [first, 0, 0, 0], [size, height, width, channels]),
      geometry: geometry.slice(first, first + size),
    };
  };
  return Array.from({ length: count }, (_, index) => {
    const first = index * size;
    return {
      views: [part(batch.views[0], first), part(batch.views[1], first)],
      names: batch.names.slice(first, first + size),
    };
  });
}
