import { assertShape } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { l2Normalize } from './l2-normalize.ts';

/**
 * The cosine of every query cell with every key cell of the same image: s_ij = ⟨q_i, k_j⟩ / (‖q_i‖ ‖k_j‖).
 *
 * @param query `[batch, queries, channels]`, of any length
 * @param key `[batch, keys, channels]`
 * @returns `[batch, queries, keys]`; the caller disposes it
 * @throws PixconError `invalid-shape`
 *
 * @example
 * cosineSimilarity(tf.tensor3d([[[1, 0]]]), tf.tensor3d([[[0, 2], [1, 1]]])); // => [[[0, 0.7071]]]
 */
export function cosineSimilarity(query: tf.Tensor3D, key: tf.Tensor3D): tf.Tensor3D {
  assertShape('cosineSimilarity', 'query', query, [null, null, null]);
  assertShape('cosineSimilarity', 'key', key, [query.shape[0], null, query.shape[2]]);
  return tf.tidy(() => tf.matMul(l2Normalize(query), l2Normalize(key), false, true));
}
