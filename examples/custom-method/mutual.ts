import * as tf from '@tensorflow/tfjs-core';
import { cosineSimilarity, gatherCells, type MatchingStrategy } from 'pixcon';

/**
 * A matching that believes mutual matches only: the weight of a query cell stays where the cell is also the nearest of
 * its key cell, and is 0 elsewhere.
 *
 * @example
 * const matching = mutual(semanticReweighting(similarityMatching()));
 */
export function mutual(matching: MatchingStrategy): MatchingStrategy {
  const mutualMatching: MatchingStrategy = (input) =>
    tf.tidy(() => {
      const [batch, cells] = input.query.shape;
      const match = matching(input);
      const cosines = cosineSimilarity(input.query, input.key); // [batch, query cells, key cells]
      const nearest = tf.cast(tf.argMax(cosines, 1), 'float32'); // the nearest query cell of each key cell
      // There and back again: the query cell that each query cell's match would choose.
      const back = gatherCells(tf.reshape(nearest, [batch, cells, 1]) as tf.Tensor3D, match.index);
      const agree = tf.cast(tf.equal(tf.reshape(back, [batch, cells]), tf.range(0, cells)), 'float32');
      return { ...match, weight: tf.mul<tf.Tensor2D>(match.weight, agree) };
    });
  const inner = { name: matching.name || 'custom', ...matching.settings };
  return Object.assign(mutualMatching, { settings: { matching: inner } });
}
