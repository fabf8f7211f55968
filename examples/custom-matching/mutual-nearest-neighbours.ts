import * as tf from '@tensorflow/tfjs-core';
import { cosineSimilarity, gatherCells, type MatchingStrategy } from 'pixcon';

/**
 * Matches each query cell to the key cell with the largest cosine, and believes only matches that are mutual:
 * weight 1 where the query cell is also the nearest of its key cell, else 0. An image without any mutual match
 * has weight 1 everywhere.
 *
 * @example
 * const method = pixcon({ backbone: resnet18(), matching: mutualNearestNeighbours });
 */
export const mutualNearestNeighbours: MatchingStrategy = ({ query, key }) =>
  tf.tidy(() => {
    const [batch, cells] = query.shape;
    const cosines = cosineSimilarity(query, key); // [batch, query cells, key cells]
    const index = tf.argMax(cosines, 2) as tf.Tensor2D; // the nearest key cell of each query cell
    const nearestQuery = tf.argMax(cosines, 1); // the nearest query cell of each key cell

    // There and back again: the query cell that each query cell's match would choose.
    const asFeatures = tf.reshape(tf.cast(nearestQuery, 'float32'), [batch, cells, 1]) as tf.Tensor3D;
    const back = tf.reshape(gatherCells(asFeatures, index), [batch, cells]);
    const mutual = tf.cast(tf.equal(back, tf.range(0, cells)), 'float32');

    // An image's largest cosine is always mutual where argMax gives the first of equals. A graphics card need not,
    // and collapsed features are all equal: weights of 0 everywhere would take the image out of the loss.
    const none = tf.sub(1, tf.max(mutual, 1, true)); // [batch, 1]
    return {
      index,
      weight: tf.maximum(mutual, none) as tf.Tensor2D,
      similarity: tf.max(cosines, 2) as tf.Tensor2D,
    };
  });
