import type { View, ViewPair } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';

/** A batch as `count` batches of consecutive images; what is not shared with it is freed by the caller's tidy. */
export function batchParts(batch: ViewPair, count: number): readonly ViewPair[] {
  if (count === 1) return [batch];
  const size = batch.names.length / count;
  const part = ({ images, geometry }: View, index: number): View => {
    const [all, height, width, channels] = images.shape;
    const crops = all / count;
    return {
      images: tf.slice4d(images, [index * crops, 0, 0, 0], [crops, height, width, channels]),
      geometry: geometry.slice(index * crops, (index + 1) * crops),
    };
  };
  const { views, instances, names } = batch;
  return Array.from({ length: count }, (_, index) => ({
    views: [part(views[0], index), part(views[1], index)],
    ...(instances && { instances: part(instances, index) }),
    names: names.slice(index * size, (index + 1) * size),
  }));
}
