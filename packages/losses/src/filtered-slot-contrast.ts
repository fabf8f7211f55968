import { assertNumber, assertShape } from '@pixcon/core';
import { l2Normalize, stopGradient, streamingInfoNce, weightedMean } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';

export interface FilteredSlotContrastOptions {
  /** τ, above 0. Default 0.2. */
  readonly temperature?: number;
  /** `[n]`: 1 for queries that count, 0 for others; a constant. All count without it. */
  readonly queryMask?: tf.Tensor1D | undefined;
  /** `[m]`: 1 for keys that count, 0 for others; a constant. All count without it. */
  readonly keyMask?: tf.Tensor1D | undefined;
}

/** Far below any cosine: e to the power of it over any temperature in use is 0. */
const farBelow = -1000;

/**
 * SlotCon's slot loss of one direction: the slot of a prototype that is active in both views of an image is told from
 * all active slots of the key views in the batch. With cosines, and the positive among the keys,
 *
 *     ℓ = −log ( exp⟨q, p⟩/τ / Σ_active k exp⟨q, k⟩/τ )
 *
 * averaged over the queries that count, times 2τ. Without any it is 0 with a gradient of 0, where the authors' code
 * divides 0 by 0. Logits are never held: keys pass in tiles. Gradients flow to the query only.
 *
 * @param query `[n, dim]`, the predicted slots of the online branch; of any length
 * @param positive `[n, dim]`, the slot of the same prototype and image in the key view; one of `keys`
 * @param keys `[m, dim]`, slots of the target branch of the whole batch
 * @returns a scalar, which the caller disposes
 * @throws PixconError `invalid-shape`, `invalid-argument`
 * @see Wen et al. 2022, SlotCon, arXiv:2205.15288; the authors' `ctr_loss_filtered`
 *
 * @example
 * const slots = tf.randomNormal<tf.Rank.R2>([98, 256]);
 * filteredSlotContrast(slots, slots, slots, { queryMask: tf.ones([98]), keyMask: tf.ones([98]) }); // []
 */
export function filteredSlotContrast(
  query: tf.Tensor2D,
  positive: tf.Tensor2D,
  keys: tf.Tensor2D,
  options: FilteredSlotContrastOptions = {},
): tf.Scalar {
  const { temperature = 0.2, queryMask, keyMask } = options;
  assertShape('filteredSlotContrast', 'query', query, [null, null]);
  const [count, dim] = query.shape;
  assertShape('filteredSlotContrast', 'positive', positive, [count, dim]);
  assertShape('filteredSlotContrast', 'keys', keys, [null, dim]);
  if (queryMask) assertShape('filteredSlotContrast', 'queryMask', queryMask, [count]);
  if (keyMask) assertShape('filteredSlotContrast', 'keyMask', keyMask, [keys.shape[0]]);
  assertNumber('filteredSlotContrast', 'temperature', temperature, { minimum: 0, exclusiveMinimum: true });
  return tf.tidy(() => {
    // A coordinate more, 1 for queries, lowers the logits of keys that do not count to nothing.
    const column = (rows: number, value: number) => tf.fill<tf.Rank.R2>([rows, 1], value);
    const lowered = keyMask
      ? tf.mul<tf.Tensor2D>(tf.sub(1, tf.reshape(keyMask, [-1, 1])), farBelow)
      : column(keys.shape[0], 0);
    const withPositive = streamingInfoNce(
      tf.concat([l2Normalize(query), column(count, 1)], 1),
      tf.concat([l2Normalize(stopGradient(positive)), column(count, 0)], 1),
      tf.concat([l2Normalize(stopGradient(keys)), lowered], 1),
      { temperature },
    );
    // That loss, log(1 + Σ exp(k − p)), counts the positive once beside the keys; it is among them already. Where it
    // is, the loss is at least ln 2; rows whose positive is not are of no use, and held where they stay finite.
    const held = tf.maximum<tf.Tensor1D>(withPositive, 0.5);
    const losses = tf.add(held, tf.log1p(tf.neg(tf.exp(tf.neg(held)))));
    return tf.mul<tf.Scalar>(weightedMean(losses, queryMask), 2 * temperature);
  });
}
