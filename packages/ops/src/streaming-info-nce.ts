import { assertNumber, assertShape } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.ts';
import { kernels } from './kernels/kernels.ts';
import type { RunningSoftmax, SoftmaxTile } from './kernels/types.ts';

export interface StreamingInfoNceOptions {
  /** τ, above 0. */
  readonly temperature: number;
  /**
   * Negatives per tile; by default as many as keep a tile of logits within 8 MB, at least 1,024, at most 8,192. On
   * WebGPU tiles are as large as a workgroup's memory, whatever this says.
   */
  readonly tileSize?: number;
}

/**
 * The InfoNCE loss of each query against its positive and a set of shared negatives,
 * ℓ = −log softmax([⟨q, p⟩, ⟨q, N₁⟩ … ⟨q, N_K⟩] / τ)₀, without ever holding the `[n, K]` logits.
 *
 * The negatives come in tiles; a running maximum, sum of exponentials and mean of the negatives under the softmax
 * stand for those that have passed (van den Oord et al. 2018 for the loss, Milakov and Gimelshein 2018 for the
 * running softmax, Dao et al. 2022 for the running mean). That mean is all the gradient needs,
 * ∂ℓ/∂q = (1 − P₀) (Σⱼ softmax(N)ⱼ Nⱼ − p) / τ, so the backward pass computes no logits a second time and does not
 * read the negatives: they may be overwritten before it. Without a tape the mean is left out.
 *
 * @param query `[n, dim]`; used as they are, normalise before
 * @param positive `[n, dim]`, row i for query i
 * @param negatives `[K, dim]`, K ≥ 1; constants, they get no gradient
 * @returns the loss of each query, `[n]`, which the caller disposes
 * @throws PixconError `invalid-shape`, `invalid-argument`
 *
 * @example
 * const query = l2Normalize(tf.randomNormal([784, 128]));
 * const negatives = l2Normalize(tf.randomNormal([65_536, 128]));
 * streamingInfoNce(query, query, negatives, { temperature: 0.2 }); // [784]
 */
export function streamingInfoNce(
  query: tf.Tensor2D,
  positive: tf.Tensor2D,
  negatives: tf.Tensor2D,
  options: StreamingInfoNceOptions,
): tf.Tensor1D {
  assertShape('streamingInfoNce', 'query', query, [null, null]);
  const [count, dim] = query.shape;
  const { temperature, tileSize = defaultTileSize(count) } = options;
  assertShape('streamingInfoNce', 'positive', positive, [count, dim]);
  assertShape('streamingInfoNce', 'negatives', negatives, [null, dim]);
  assertNumber('streamingInfoNce', 'the number of negatives', negatives.shape[0], { minimum: 1 });
  assertNumber('streamingInfoNce', 'temperature', temperature, { minimum: 0, exclusiveMinimum: true });
  assertNumber('streamingInfoNce', 'tileSize', tileSize, { minimum: 1, integer: true });

  return differentiable<tf.Tensor1D, 'query' | 'positive'>(
    { query, positive },
    (save) => {
      const withMean = tf.engine().state.gradientDepth > 0;
      const settings = { temperature, withGradients: withMean };
      const known = kernels().infoNce?.(query, positive, negatives, settings);
      if (known) {
        if (known.queryGradient && known.positiveGradient) save(known.queryGradient, known.positiveGradient);
        return known.loss;
      }
      const scaled = tf.div<tf.Tensor2D>(query, temperature);
      const { maximum, sum, weighted } = summarize(scaled, negatives, tileSize, withMean);
      const positiveLogit = tf.sum(tf.mul(scaled, positive), 1, true);
      // How far the negatives' log-sum-exp lies above the positive: ℓ = log(1 + exp(margin)), 1 − P₀ = σ(margin).
      const margin = tf.sub(tf.add(maximum, tf.log(sum)), positiveLogit);
      if (weighted) {
        const pull = tf.div(tf.sigmoid(margin), temperature);
        save(tf.mul(pull, tf.sub(tf.div(weighted, sum), positive)), tf.neg(tf.mul(pull, query)));
      }
      return tf.reshape(softplus(margin), [count]);
    },
    (dy, saved) => {
      const [queryGradient, positiveGradient] = saved as [tf.Tensor2D, tf.Tensor2D];
      const column = () => tf.reshape(dy, [count, 1]);
      return {
        query: () => tf.mul(column(), queryGradient),
        positive: () => tf.mul(column(), positiveGradient),
      };
    },
  );
}

/** Measured on the tensorflow backend: from 1,024 on the time changes little, so memory decides. */
function defaultTileSize(queries: number): number {
  const fitting = 2 ** Math.floor(Math.log2(2_000_000 / Math.max(1, queries)));
  return Math.min(8192, Math.max(1024, fitting));
}

interface Summary {
  /** `[n, 1]` each: the largest logit, and Σⱼ exp(logitⱼ − maximum). */
  readonly maximum: tf.Tensor2D;
  readonly sum: tf.Tensor2D;
  /** `[n, dim]`: Σⱼ exp(logitⱼ − maximum) Nⱼ. */
  readonly weighted: tf.Tensor2D | undefined;
}

function summarize(
  scaled: tf.Tensor2D,
  negatives: tf.Tensor2D,
  tileSize: number,
  withMean: boolean,
): Summary {
  const length = negatives.shape[0];
  let running: Summary | undefined;
  for (let start = 0; start < length; start += tileSize) {
    const before = running;
    const next = tf.tidy(() => {
      const size = Math.min(tileSize, length - start);
      const tile = size === length ? negatives : tf.slice(negatives, [start, 0], [size, negatives.shape[1]]);
      const { maximum, sum, weighted } = merge(before, scaled, tile, withMean);
      return weighted ? [maximum, sum, weighted] : [maximum, sum];
    });
    if (before) tf.dispose([before.maximum, before.sum, ...(before.weighted ? [before.weighted] : [])]);
    running = { maximum: next[0] as tf.Tensor2D, sum: next[1] as tf.Tensor2D, weighted: next[2] };
  }
  return running as Summary;
}

function merge(
  before: Summary | undefined,
  scaled: tf.Tensor2D,
  tile: tf.Tensor2D,
  withMean: boolean,
): Summary {
  const logits = kernels().matMul(scaled, tile, false, true);
  const { exponentials, maximum, sum, decay } = (kernels().softmaxTile ?? softmaxTile)(logits, before);
  logits.dispose();
  const ofTile = withMean ? tf.matMul<tf.Tensor2D>(exponentials, tile) : undefined;
  const weighted =
    ofTile && before?.weighted ? tf.add<tf.Tensor2D>(tf.mul(before.weighted, decay), ofTile) : ofTile;
  return { maximum, sum, weighted };
}

function softmaxTile(logits: tf.Tensor2D, before: RunningSoftmax | undefined): SoftmaxTile {
  const tileMaximum = tf.max<tf.Tensor2D>(logits, 1, true);
  const maximum = before ? tf.maximum<tf.Tensor2D>(before.maximum, tileMaximum) : tileMaximum;
  const shifted = tf.sub<tf.Tensor2D>(logits, maximum);
  const exponentials = tf.exp(shifted);
  shifted.dispose();
  const sum = tf.sum<tf.Tensor2D>(exponentials, 1, true);
  if (!before) return { exponentials, maximum, sum, decay: sum };
  const decay = tf.exp(tf.sub<tf.Tensor2D>(before.maximum, maximum));
  return { exponentials, maximum, sum: tf.add<tf.Tensor2D>(tf.mul(before.sum, decay), sum), decay };
}

/** log(1 + exp(x)) for any x; the stock kernel loses small results. */
function softplus(x: tf.Tensor): tf.Tensor {
  return tf.add(tf.relu(x), tf.log1p(tf.exp(tf.neg(tf.abs(x)))));
}
