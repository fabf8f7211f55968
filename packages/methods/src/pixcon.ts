import {
  assertNumber,
  type Backbone,
  type KeyQueue,
  type Losses,
  type MatchingStrategy,
  type Method,
  ParameterSet,
  prefixSpecs,
  scoped,
} from '@pixcon/core';
import { denseHead, predictor, projectionHead } from '@pixcon/heads';
import { chanceLevel, featureDeviation } from '@pixcon/losses';
import { semanticReweighting, similarityMatching } from '@pixcon/matching';
import { keyQueue } from '@pixcon/queues';
import * as tf from '@tensorflow/tfjs-core';
import { type DenseKeys, denseKeys, denseLoss } from './dense-contrast.ts';
import { imageKeys, imageLoss } from './image-contrast.ts';
import { type MomentumState, momentumState, moveTarget } from './momentum-state.ts';
import { type QueueLength, resolveQueueLength } from './queue-length.ts';
import { weightedSum } from './weighted-sum.ts';

export interface PixConOptions {
  readonly backbone: Backbone;
  /**
   * How query cells find their key cells. Default: `semanticReweighting(similarityMatching())`, PixCon-SR.
   * `similarityMatching()` is PixCon-Sim, `coordinateMatching()` PixCon-Coord.
   */
  readonly matching?: MatchingStrategy;
  /** Keys in each of the two queues. Default `'auto'`: 65,536, fewer for a small data set. */
  readonly queueLength?: QueueLength;
  /** τ of both losses. Default 0.2. */
  readonly temperature?: number;
  /** λ: share of the dense loss; the image loss has 1 − λ. In [0, 1]. Default 0.5. */
  readonly denseWeight?: number;
  /** Hidden width of heads and predictors. Default 2048. */
  readonly hidden?: number;
  /** Width of the projections. Default 128. */
  readonly dim?: number;
  /** First momentum of the target encoder. Default 0.99. */
  readonly targetMomentum?: number;
  /** Name in the run's record. Default `pixcon`. */
  readonly name?: string;
}

type PixConState = MomentumState<{ readonly image: KeyQueue; readonly dense: KeyQueue }>;

/**
 * PixCon: pixel-level contrastive learning on the MoCo-v2+ pipeline. Both views pass the online encoder; each
 * query cell is pulled to the cell of the other view that `matching` gives it and pushed from a queue of keys,
 * with an image-level loss beside it:
 *
 *     L = (1 − λ)(L_image,1 + L_image,2) + λ(L_dense,1 + L_dense,2)
 *
 * The two directions are summed. After the optimizer's step the target moves, and one of the two views, drawn
 * by a fair coin, gives its keys to both queues.
 *
 * @throws PixconError `invalid-argument` for an option out of range
 * @see the PixCon paper, section 4, and the authors' `mmselfsup/models/algorithms/pixcon.py`
 * @example
 * const method = pixcon({ backbone: resnet50(), matching: similarityMatching() }); // PixCon-Sim
 */
export function pixcon(options: PixConOptions): Method {
  const {
    backbone,
    matching = semanticReweighting(similarityMatching()),
    queueLength = 'auto',
    temperature = 0.2,
    denseWeight = 0.5,
    hidden = 2048,
    dim = 128,
    targetMomentum = 0.99,
    name = 'pixcon',
  } = options;
  assertNumber('pixcon', 'temperature', temperature, { minimum: 0, exclusiveMinimum: true });
  assertNumber('pixcon', 'denseWeight', denseWeight, { minimum: 0, maximum: 1 });
  assertNumber('pixcon', 'targetMomentum', targetMomentum, { minimum: 0, maximum: 1 });

  const inputChannels = backbone.channels;
  const image = {
    head: projectionHead({ inputChannels, hidden, output: dim }),
    predictor: predictor({ dim, hidden }),
  };
  const dense = {
    head: denseHead({ inputChannels, hidden, output: dim }),
    predictor: predictor({ dim, hidden }),
    matching,
  };
  const specs = [
    ...prefixSpecs('backbone', backbone.parameters),
    ...prefixSpecs('globalHead', image.head.parameters),
    ...prefixSpecs('denseHead', dense.head.parameters),
    ...prefixSpecs('globalPredictor', image.predictor.parameters),
    ...prefixSpecs('densePredictor', dense.predictor.parameters),
  ];
  const training = { training: true };

  return {
    name,
    settings: {
      backbone: backbone.name,
      matching: { name: matching.name || 'custom', ...matching.settings },
      queueLength,
      temperature,
      denseWeight,
      hidden,
      dim,
      targetMomentum,
    },
    backbone,
    backbonePrefix: 'backbone',
    targetMomentum,
    matching,

    initialize({ random, ...sizes }): PixConState {
      const length = resolveQueueLength('pixcon', queueLength, sizes);
      return momentumState(ParameterSet.create(specs, random.fork('parameters')), {
        image: keyQueue({ length, dim, random: random.fork('image queue') }),
        dense: keyQueue({ length, dim, random: random.fork('dense queue') }),
      });
    },

    chanceLoss({ queues }) {
      const { image, dense } = queues as PixConState['queues'];
      return 2 * ((1 - denseWeight) * chanceLevel(image.length) + denseWeight * chanceLevel(dense.length));
    },

    encodeTargets(state, { views }) {
      const { target } = state as PixConState;
      const targets: Record<string, tf.Tensor> = {};
      views.forEach((view, index) => {
        const features = backbone.apply(scoped(target, 'backbone'), view.images, training);
        const keys = denseKeys(dense, target, features, training);
        targets[`image${index}`] = imageKeys(image, target, features, training);
        targets[`features${index}`] = keys.features;
        targets[`cells${index}`] = keys.cells;
        targets[`pooled${index}`] = keys.pooled;
      });
      return targets;
    },

    losses(state, { views }, targets) {
      const { online, queues } = state as PixConState;
      const part = (side: 0 | 1): Losses => {
        const other = side === 0 ? 1 : 0;
        const features = backbone.apply(scoped(online, 'backbone'), views[side].images, training);
        const keys = targets[`image${other}`] as tf.Tensor2D;
        const ofImages = imageLoss(image, online, features, keys, queues.image, temperature);
        const geometry = { query: views[side].geometry, key: views[other].geometry };
        const cellKeys: DenseKeys = {
          features: targets[`features${other}`] as tf.Tensor3D,
          cells: targets[`cells${other}`] as tf.Tensor3D,
          pooled: targets[`pooled${other}`] as tf.Tensor2D,
        };
        const { loss: ofCells, weight } = denseLoss(
          dense,
          online,
          features,
          cellKeys,
          queues.dense,
          temperature,
          geometry,
        );
        const terms = {
          image: weightedSum([ofImages], 1 - denseWeight),
          dense: weightedSum([ofCells], denseWeight),
        };
        return {
          total: weightedSum(Object.values(terms)),
          terms,
          diagnostics: {
            featureDeviation: featureDeviation(targets[`image${side}`] as tf.Tensor2D),
            matchWeight: tf.mean(weight) as tf.Scalar,
          },
        };
      };
      return [() => part(0), () => part(1)];
    },

    update(state, targets, { targetMomentum, random }) {
      const { queues } = state as PixConState;
      moveTarget(state as PixConState, targetMomentum);
      const side = random.uniform() < 0.5 ? 1 : 0;
      queues.image.enqueue(targets[`image${side}`] as tf.Tensor2D);
      queues.dense.enqueue(targets[`pooled${side}`] as tf.Tensor2D);
    },
  };
}
