import type { MatchingStrategy } from '@pixcon/core';
import { mostSimilarCells, stopGradient } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';
import { assertMatchInput } from './assert-match-input.ts';

/**
 * Matches each query cell to the key cell of the same image whose backbone features have the largest cosine; of
 * equals, to the first. Every weight is 1: PixCon-Sim. No gradient flows through it.
 *
 * @throws PixconError `invalid-shape` when features and grid do not fit
 * @see the PixCon paper, section 4; DenseCL, arXiv:2011.09157, section 3.3
 *
 * @example
 * const matching = similarityMatching();
 * const { index, weight, similarity } = matching(input); // each [batch, cells]
 */
export function similarityMatching(): MatchingStrategy {
  return function similarity(input) {
    assertMatchInput('similarityMatching', input);
    return tf.tidy(() => {
      const { index, similarity } = mostSimilarCells(stopGradient(input.query), stopGradient(input.key));
      return {
        index,
        weight: tf.ones<tf.Rank.R2>([input.query.shape[0], input.query.shape[1]]),
        similarity,
      };
    });
  };
}
