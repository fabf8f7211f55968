import * as tf from '@tensorflow/tfjs-core';
import { allocateLike, views } from './heap.ts';

/** Sums the rows of `x` `[n, …]` that share a segment id; rows with an id outside 0 … count − 1 are dropped. */
export function unsortedSegmentSum(x: tf.TensorInfo, segmentIds: tf.TensorInfo, count: number): tf.Tensor {
  const rows = x.shape[0] as number;
  const rowShape = x.shape.slice(1);
  const size = tf.util.sizeFromShape(rowShape);
  const result = allocateLike(x, [count, ...rowShape]);
  const [source, ids, target] = views(x, segmentIds, result);
  target.fill(0);
  for (let row = 0; row < rows; row++) {
    const segment = ids[row] as number;
    if (segment < 0 || segment >= count) continue;
    let to = segment * size;
    for (let from = row * size; from < (row + 1) * size; from++, to++) {
      target[to] = (target[to] as number) + (source[from] as number);
    }
  }
  return result;
}
