import {
  type Grid,
  type KeyQueue,
  type MatchingStrategy,
  type Mode,
  type Module,
  matchCells,
  type Parameters,
  type StepContext,
  scoped,
  type View,
} from '@pixcon/core';
import { infoNce } from '@pixcon/losses';
import { gatherCells, globalAveragePool, l2Normalize, stopGradient } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';

/** The modules of the pixel-level branch. */
export interface DenseBranch {
  readonly head: Module<tf.Tensor3D, tf.Tensor3D>;
  readonly predictor?: Module<tf.Tensor2D, tf.Tensor2D>;
  readonly matching: MatchingStrategy;
}

/** What the target encoder gives the dense loss of the other view. */
export interface DenseKeys {
  /** Backbone features of every cell, `[batch, cells, channels]`, for matching. */
  readonly features: tf.Tensor3D;
  /** L2-normalised projections, `[batch, cells, dim]`: the positives. */
  readonly cells: tf.Tensor3D;
  /** Mean projection of an image, then L2-normalised, `[batch, dim]`: what the queue takes. */
  readonly pooled: tf.Tensor2D;
}

/** A feature map `[batch, height, width, channels]` as cells `[batch, height · width, channels]`. */
export function toCells(features: tf.Tensor4D): tf.Tensor3D {
  const [batch, height, width, channels] = features.shape;
  return tf.reshape(features, [batch, height * width, channels]);
}

export function denseKeys(
  branch: DenseBranch,
  target: Parameters,
  features: tf.Tensor4D,
  mode: Mode,
): DenseKeys {
  const cells = toCells(features);
  const projected = branch.head.apply(scoped(target, 'denseHead'), cells, mode);
  return {
    features: cells,
    cells: l2Normalize(projected),
    // The mean is taken before normalization, as in DenseCL.
    pooled: l2Normalize(globalAveragePool(projected)),
  };
}

interface DenseLossOptions {
  readonly mode?: Mode;
  readonly inspect?: StepContext['inspect'];
}

/**
 * The dense InfoNCE of one direction: every query cell against its matched key cell and the queue, averaged
 * with the match weights over the whole batch: Σ wℓ / Σ w.
 */
export function denseLoss(
  branch: DenseBranch,
  online: Parameters,
  features: tf.Tensor4D,
  keys: DenseKeys,
  queue: KeyQueue,
  temperature: number,
  geometry: { readonly query: View['geometry']; readonly key: View['geometry'] },
  { mode = { training: true }, inspect }: DenseLossOptions = {},
): { readonly loss: tf.Scalar; readonly weight: tf.Tensor2D } {
  const cells = toCells(features);
  const grid: Grid = { height: features.shape[1], width: features.shape[2] };
  const projected = branch.head.apply(scoped(online, 'denseHead'), cells, mode);
  const [batch, count, dim] = projected.shape;
  const rows = tf.reshape(projected, [batch * count, dim]) as tf.Tensor2D;
  const query = branch.predictor
    ? branch.predictor.apply(scoped(online, 'densePredictor'), rows, mode)
    : rows;
  const input = {
    query: stopGradient(cells),
    key: keys.features,
    grid,
    queryGeometry: geometry.query,
    keyGeometry: geometry.key,
  };
  const match = matchCells(branch.matching, input, inspect);
  const positive = tf.reshape(gatherCells(keys.cells, match.index), [batch * count, dim]) as tf.Tensor2D;
  const weight = tf.reshape(match.weight, [batch * count]) as tf.Tensor1D;
  const loss = infoNce(query, positive, queue.keys, { temperature, weight }) as tf.Scalar;
  return { loss, weight: match.weight };
}
