import { assertShape } from '@pixcon/core';
import type * as tf from '@tensorflow/tfjs-core';
import { kernels } from './kernels/kernels.ts';

export interface SimilarCells {
  /** `int32 [batch, queries]`: the key with the largest cosine; of equals, the first. */
  readonly index: tf.Tensor2D;
  /** `[batch, queries]`: that cosine. */
  readonly similarity: tf.Tensor2D;
}

/**
 * For every query cell the key cell of the same image with the largest cosine. Vectors need not have length 1. Not
 * differentiable. On WebGPU the cosines of all pairs are never written down.
 *
 * @param query `[batch, queries, dim]`
 * @param key `[batch, keys, dim]`, keys ≥ 1
 * @returns two tensors, which the caller disposes
 * @throws PixconError `invalid-shape`
 *
 * @example
 * mostSimilarCells(tf.tensor3d([[[3, 0]]]), tf.tensor3d([[[0, 1], [2, 0]]])); // => index [[1]], similarity [[1]]
 */
export function mostSimilarCells(query: tf.Tensor3D, key: tf.Tensor3D): SimilarCells {
  assertShape('mostSimilarCells', 'query', query, [null, null, null]);
  assertShape('mostSimilarCells', 'key', key, [query.shape[0], null, query.shape[2]]);
  return kernels().mostSimilar(query, key);
}
