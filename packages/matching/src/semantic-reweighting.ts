import {
  assertNumber,
  assertOneOf,
  type Match,
  type MatchInput,
  type MatchingStrategy,
  matchCells,
  PixconError,
} from '@pixcon/core';
import { gatherCells, l2Normalize, stopGradient } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';
import { assertMatchInput } from './assert-match-input.ts';
import { type MaskRule, overlapMask } from './overlap-mask.ts';

export interface SemanticReweightingOptions {
  /** γ, the power that weights are raised to; above 0. Default 2. */
  readonly sharpening?: number;
  /** Give cells in the overlap the weight 1. Default true. */
  readonly spatial?: boolean;
  /** Weigh cells by the similarity of their match. Default true. */
  readonly similarity?: boolean;
  /** Which cells lie in the overlap. Default `centre`, or `truncated` with `reference`. */
  readonly mask?: MaskRule;
  /**
   * Follow the authors' code where ours is better: truncated masks, and without the spatial half negative cosines
   * that an even power makes positive. Default false.
   */
  readonly reference?: boolean;
}

/**
 * Semantic reweighting: a matching with other weights, so that cells outside the overlap count as far as their
 * match is alike. With s the cosine of each query cell with its match, M the overlap, and per image
 *
 *     w = (s − min s) / (max of s outside M − min s)   outside M
 *     w = 1                                             in M
 *     weight = w ^ sharpening
 *
 * The two halves can be switched off (the paper's table 3): without `similarity`, w is 1 in M and 0 outside;
 * without `spatial`, there is no mask and w is the cosine itself, negative ones as 0; without both, 1. A cell that
 * the `area` rule counts by a share a gets a + (1 − a) · w. Where all cosines of an image are equal, its cells
 * outside M get 0, not the authors' 0/0.
 *
 * @param matching gives the matches; its weights are replaced. Where it gives no similarity, the cosine of
 *   backbone features is computed
 * @throws PixconError `invalid-argument` for options outside their ranges
 * @see the PixCon paper, section 4.3, equation 7; the authors' `calc_dense_loss`
 *
 * @example
 * const matching = semanticReweighting(similarityMatching(), { sharpening: 2 }); // PixCon-SR
 * const { index, weight } = matching(input); // each [batch, cells]
 */
export function semanticReweighting(
  matching: MatchingStrategy,
  options: SemanticReweightingOptions = {},
): MatchingStrategy {
  const { sharpening = 2, spatial = true, similarity = true, reference = false } = options;
  const { mask = reference ? 'truncated' : 'centre' } = options;
  assertNumber('semanticReweighting', 'sharpening', sharpening, { minimum: 0, exclusiveMinimum: true });
  assertOneOf('semanticReweighting', 'mask', mask, ['centre', 'area', 'truncated']);
  const signed = reference && similarity && !spatial;
  if (signed && !Number.isInteger(sharpening)) {
    throw new PixconError(
      'invalid-argument',
      `semanticReweighting: sharpening must be a whole number where reference keeps negative cosines, got ${sharpening}`,
    );
  }

  function reweight(input: MatchInput, match: Match): Match {
    const cosine = match.similarity ?? matchedCosine(input, match.index);
    let weight: tf.Tensor2D;
    if (spatial) {
      const inside = tf.tensor2d(
        overlapMask(input.queryGeometry, input.keyGeometry, input.grid, mask),
        cosine.shape,
      );
      weight = power(similarity ? blend(cosine, inside) : inside, sharpening);
    } else if (similarity) weight = power(signed ? cosine : tf.relu(cosine), sharpening, signed);
    else weight = tf.onesLike(cosine);
    return { index: match.index, weight, similarity: cosine };
  }

  const semantic: MatchingStrategy = (input) => {
    assertMatchInput('semanticReweighting', input);
    return tf.tidy(() => {
      const match = matchCells(matching, input);
      const { index, weight, similarity: cosine } = reweight(input, match);
      // Clones: what the inner strategy keeps of its own is not the caller's to dispose.
      return {
        index: tf.clone(index),
        weight: tf.clone(weight),
        similarity: tf.clone(cosine as tf.Tensor2D),
      };
    });
  };
  const inner = { name: matching.name || 'custom', ...matching.settings };
  return Object.assign(semantic, {
    settings: { matching: inner, sharpening, spatial, similarity, mask, reference },
  });
}

/** The cosine of every query cell with its match, `[batch, cells]`, without the matrix of all pairs. */
function matchedCosine({ query, key }: MatchInput, index: tf.Tensor2D): tf.Tensor2D {
  const matched = gatherCells(l2Normalize(stopGradient(key)), index);
  return tf.sum(tf.mul(l2Normalize(stopGradient(query)), matched), 2);
}

/** 1 in the overlap, the min-max-normalised cosine outside, and between for cells that are partly in it. */
function blend(cosine: tf.Tensor2D, inside: tf.Tensor2D): tf.Tensor2D {
  const lowest = tf.min(cosine, 1, true);
  // Below any cosine, so that cells wholly in the overlap are never the maximum.
  const outside = tf.where(tf.less(inside, 1), cosine, tf.fill(cosine.shape, -2)) as tf.Tensor2D;
  const range = tf.relu(tf.sub(tf.max(outside, 1, true), lowest));
  const normalised = tf.div(tf.sub(cosine, lowest), tf.add(range, 1e-12));
  // Cells in the overlap may exceed the range by far; they count as 1 whatever the quotient.
  const bounded = tf.minimum(normalised, 1);
  return tf.add(inside, tf.mul(tf.sub(1, inside), bounded));
}

/** x ^ exponent. A negative base is undefined for `pow` on some backends: its sign is put back by hand. */
function power(x: tf.Tensor2D, exponent: number, signed = false): tf.Tensor2D {
  if (exponent === 1) return x;
  if (exponent === 2) return tf.square(x);
  const size = tf.pow(signed ? tf.abs(x) : x, exponent) as tf.Tensor2D;
  return signed && exponent % 2 === 1 ? tf.mul(size, tf.sign(x)) : size;
}
