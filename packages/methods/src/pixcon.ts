import {
  assertNumber,
  type Backbone,
  type MatchingStrategy,
  type Method,
  type MethodState,
  ParameterSet,
} from '@pixcon/core';
import { denseHead, predictor, projectionHead } from '@pixcon/heads';
import { semanticReweighting, similarityMatching } from '@pixcon/matching';
import { keyQueue } from '@pixcon/queues';
import type * as tf from '@tensorflow/tfjs-core';
import {
  type ImageAndDenseQueues,
  imageAndDenseChance,
  imageAndDenseKeys,
  imageAndDenseLosses,
  imageAndDenseSpecs,
  nameKeys,
  withoutWeight,
} from './image-and-dense-contrast.ts';
import { type MomentumState, momentumState, moveTarget } from './momentum-state.ts';
import { type QueueLength, resolveQueueLength } from './queue-length.ts';

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

type PixConState = MomentumState<ImageAndDenseQueues>;

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
  const contrast = {
    backbone,
    image: {
      head: projectionHead({ inputChannels, hidden, output: dim }),
      predictor: predictor({ dim, hidden }),
    },
    dense: {
      head: denseHead({ inputChannels, hidden, output: dim }),
      predictor: predictor({ dim, hidden }),
      matching,
    },
    temperature,
    denseWeight,
  };
  const training = { training: true };
  const chanceTerms = ({ queues }: MethodState) =>
    imageAndDenseChance(denseWeight, queues as ImageAndDenseQueues, 2);

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
    withoutGradient: withoutWeight(denseWeight),

    initialize({ random, ...sizes }): PixConState {
      const length = resolveQueueLength('pixcon', queueLength, sizes);
      return momentumState(ParameterSet.create(imageAndDenseSpecs(contrast), random.fork('parameters')), {
        image: keyQueue({ length, dim, random: random.fork('image queue') }),
        dense: keyQueue({ length, dim, random: random.fork('dense queue') }),
      });
    },

    chanceLoss(state) {
      const { image, dense } = chanceTerms(state);
      return image + dense;
    },
    chanceTerms,

    encodeTargets(state, { views }) {
      const { target } = state as PixConState;
      const targets = views.map(({ images }, side) =>
        nameKeys(imageAndDenseKeys(contrast, target, images, training), side),
      );
      return { ...targets[0], ...targets[1] };
    },

    losses(state, { views }, targets, { inspect }) {
      const part = (side: 0 | 1) => () =>
        imageAndDenseLosses(contrast, state as PixConState, views, targets, side, {
          mode: training,
          inspect,
        });
      return [part(0), part(1)];
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
