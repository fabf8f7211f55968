import { assertShape } from '@pixcon/core';
import { cosineSimilarity, weightedMean } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';
import { type TransportPlanOptions, transportPlan } from './transport-plan.ts';

export interface OptimalTransportOptions extends Pick<TransportPlanOptions, 'epsilon' | 'iterations'> {
  /** How much each query counts, `[batch, queries]`, not negative. Default the same for all. */
  readonly queryWeight?: tf.Tensor2D;
  /** How much each key counts, `[batch, keys]`, not negative. Default the same for all. */
  readonly keyWeight?: tf.Tensor2D;
}

/**
 * What it costs to move the queries of an image to its keys, the cost being cosine distances (UniVIP's
 * instance–instance loss, up to the constant 1), as the mean over images:
 *
 *     L = mean_b Σ_ij P_ij (1 − cos(q_i, k_j)) = 1 − mean_b Σ_ij P_ij cos(q_i, k_j)
 *
 * with P the entropic transport plan of these costs. Each query is drawn to the keys that the plan gives it:
 * who belongs to whom is found, not told.
 *
 * The plan and the weights are constants. Gradients flow to queries and keys through the cosines alone, −P_ij / batch
 * each; wrap the keys in `stopGradient` where they have a path.
 *
 * @param query `[batch, queries, dim]`, of any length
 * @param key `[batch, keys, dim]`
 * @returns a scalar between 0 and 2, which the caller disposes
 * @throws PixconError `invalid-shape`; `invalid-argument` for an option out of range
 * @see Li et al. 2022, UniVIP, arXiv:2203.06965, the instance–instance branch; Zhang et al. 2020, DeepEMD, arXiv:2003.06777, for
 * weights that are the likeness to the other side
 *
 * @example
 * const query = tf.tensor3d([[[1, 0], [0, 1]]]);
 * optimalTransport(query, tf.reverse(query, 1)); // => 0: the order does not matter
 */
export function optimalTransport(
  query: tf.Tensor3D,
  key: tf.Tensor3D,
  options: OptimalTransportOptions = {},
): tf.Scalar {
  const { queryWeight, keyWeight, ...solver } = options;
  const where = 'optimalTransport';
  assertShape(where, 'query', query, [null, null, null]);
  assertShape(where, 'key', key, [query.shape[0], null, query.shape[2]]);
  if (queryWeight) assertShape(where, 'queryWeight', queryWeight, query.shape.slice(0, 2));
  if (keyWeight) assertShape(where, 'keyWeight', keyWeight, key.shape.slice(0, 2));
  return tf.tidy(() => {
    const cosines = cosineSimilarity(query, key);
    const plan = transportPlan(tf.sub(1, cosines), {
      ...solver,
      ...(queryWeight && { rowWeight: queryWeight }),
      ...(keyWeight && { columnWeight: keyWeight }),
    });
    return tf.sub(1, weightedMean(cosines, plan)) as tf.Scalar;
  });
}
