import type { KeyQueue, View } from '@pixcon/core';
import { infoNce } from '@pixcon/losses';
import { semanticReweighting, similarityMatching } from '@pixcon/matching';
import { gatherCells, globalAveragePool, l2Normalize, stopGradient } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** What the loss of one view needs of the other. */
export interface Keys {
  /** For matching, `[batch, cells, width]`. */
  readonly features: tf.Tensor3D;
  /** The positives, L2-normalised, `[batch, cells, dim]`. */
  readonly cells: tf.Tensor3D;
  /** One key an image for the queue, L2-normalised, `[batch, dim]`. */
  readonly pooled: tf.Tensor2D;
}

const matching = semanticReweighting(similarityMatching());

/** The target model's keys of a view. Called outside of any gradient; the caller disposes them. */
export function keysOf(target: LayersModel, { images }: View): Keys {
  return tf.tidy(() => {
    const [features, projections] = target.apply(images) as [tf.Tensor3D, tf.Tensor3D];
    const pooled = l2Normalize(globalAveragePool(projections));
    return { features, cells: l2Normalize(projections), pooled };
  });
}

/** PixCon-SR's dense loss with `query` as the query view and `key`, of which `keys` are, as the key view. */
export function denseLoss(
  model: LayersModel,
  query: View,
  key: View,
  keys: Keys,
  queue: KeyQueue,
): tf.Scalar {
  const [features, projections] = model.apply(query.images) as [tf.Tensor3D, tf.Tensor3D];
  const [batch, cells, dim] = projections.shape;
  const side = Math.sqrt(cells);
  const { index, weight } = matching({
    query: stopGradient(features),
    key: keys.features,
    grid: { height: side, width: side },
    queryGeometry: query.geometry,
    keyGeometry: key.geometry,
  });
  const positive = gatherCells(keys.cells, index); // [batch, cells, dim]: each cell's match
  const rows = (x: tf.Tensor3D) => tf.reshape<tf.Rank.R2>(x, [batch * cells, dim]);
  return infoNce(rows(projections), rows(positive), queue, {
    temperature: 0.2,
    weight: tf.reshape(weight, [batch * cells]),
  });
}
