import { assertNumber, assertOneOf, assertShape, type KeyQueue, PixconError } from '@pixcon/core';
import { l2Normalize, streamingInfoNce, weightedMean } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';

export interface InfoNceOptions {
  /** τ, above 0; 0.2 by default. */
  readonly temperature?: number;
  /** The weight of each query, `[n]`, not negative; a constant. Without it all count the same. */
  readonly weight?: tf.Tensor1D | undefined;
  /** Scale queries and positives to length 1 first; true by default. The queue is used as it is. */
  readonly normalize?: boolean;
  /** `mean`: Σ wᵢℓᵢ / Σ wᵢ; `none`: the loss of each query. `mean` by default. */
  readonly reduction?: 'mean' | 'none';
}

/**
 * InfoNCE against a queue of negative keys: ℓ = −log softmax([⟨q, p⟩, ⟨q, N₁⟩ … ⟨q, N_K⟩] / τ)₀, averaged with
 * weights, Σ wᵢℓᵢ / Σ wᵢ (0 where all weights are 0). The loss of MoCo (He et al. 2020, equation 1) for images, and
 * of DenseCL and PixCon for cells, where the weights carry semantic reweighting. Exact for any queue length; the
 * `[n, K]` logits are never held. Gradients flow to the query and the positive, not to the queue or the weights.
 *
 * @param query `[n, dim]`
 * @param positive `[n, dim]`, the matched key of each query
 * @param queue L2-normalised negative keys, `[K, dim]` or a queue of them; 65,536 of them in the papers
 * @returns a scalar, or `[n]` for the reduction `none`; the caller disposes it
 * @throws PixconError `invalid-shape`; `invalid-argument` for a bad option, or a weight that nothing would use
 *
 * @example
 * const query = tf.randomNormal<tf.Rank.R2>([784, 128]);
 * const key = tf.randomNormal<tf.Rank.R2>([784, 128]);
 * const queue = l2Normalize(tf.randomNormal<tf.Rank.R2>([4096, 128]));
 * infoNce(query, key, queue, { temperature: 0.2 }).print(); // about ln(1 + 4096) = 8.3
 */
export function infoNce(
  query: tf.Tensor2D,
  positive: tf.Tensor2D,
  queue: tf.Tensor2D | KeyQueue,
  options?: InfoNceOptions & { readonly reduction?: 'mean' },
): tf.Scalar;
export function infoNce(
  query: tf.Tensor2D,
  positive: tf.Tensor2D,
  queue: tf.Tensor2D | KeyQueue,
  options: InfoNceOptions & { readonly reduction: 'none' },
): tf.Tensor1D;
export function infoNce(
  query: tf.Tensor2D,
  positive: tf.Tensor2D,
  queue: tf.Tensor2D | KeyQueue,
  options?: InfoNceOptions,
): tf.Scalar | tf.Tensor1D;
export function infoNce(
  query: tf.Tensor2D,
  positive: tf.Tensor2D,
  queue: tf.Tensor2D | KeyQueue,
  options: InfoNceOptions = {},
): tf.Scalar | tf.Tensor1D {
  const { temperature = 0.2, weight, normalize = true, reduction = 'mean' } = options;
  const negatives = 'keys' in queue ? queue.keys : queue;
  assertShape('infoNce', 'query', query, [null, null]);
  assertShape('infoNce', 'positive', positive, query.shape);
  assertShape('infoNce', 'queue', negatives, [null, query.shape[1]]);
  assertNumber('infoNce', 'the queue length', negatives.shape[0], { minimum: 1 });
  assertNumber('infoNce', 'temperature', temperature, { minimum: 0, exclusiveMinimum: true });
  assertOneOf('infoNce', 'reduction', reduction, ['mean', 'none']);
  if (weight) assertShape('infoNce', 'weight', weight, [query.shape[0]]);
  if (weight && reduction === 'none') {
    throw new PixconError(
      'invalid-argument',
      "infoNce: weight has no effect with the reduction 'none'; leave it out, or use the reduction 'mean'",
    );
  }
  return tf.tidy(() => {
    const [q, p] = normalize ? [l2Normalize(query), l2Normalize(positive)] : [query, positive];
    const losses = streamingInfoNce(q, p, negatives, { temperature });
    return reduction === 'none' ? losses : weightedMean(losses, weight);
  });
}
