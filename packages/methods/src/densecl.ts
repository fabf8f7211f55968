import {
  assertNumber,
  type Backbone,
  type MatchingStrategy,
  type Method,
  type MethodState,
  ParameterSet,
} from '@pixcon/core';
import { denseHead, predictor, projectionHead } from '@pixcon/heads';
import { similarityMatching } from '@pixcon/matching';
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
import { assertSplits, encodeShuffled } from './shuffled.ts';

/** What leads from DenseCL to PixCon-Sim; `denseCLLadder` has the published order. */
export interface DenseCLPipeline {
  /**
   * Runs of images with batch statistics of their own, as on that many devices; target images are shuffled between
   * them (ShuffleBN). Divides the batch. Default 8, the authors' GPUs; 1 takes the statistics of the whole batch
   * (SyncBN).
   */
  readonly splits?: number;
  /** Batch normalization in heads. Default false. */
  readonly headNormalization?: boolean;
  /** A predictor behind each online head. Default false. */
  readonly predictors?: boolean;
  /**
   * The target moves after the optimizer's step by a momentum that rises to 1 along a cosine, instead of before it
   * encodes by a constant one. Default false.
   */
  readonly ascendingMomentum?: boolean;
  /** Each view is query once, and the two directions are summed; else the first view is. Default false. */
  readonly symmetric?: boolean;
}

export interface DenseCLOptions extends DenseCLPipeline {
  readonly backbone: Backbone;
  /** How query cells find their key cells. Default `similarityMatching()`. */
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
  /** Momentum of the target encoder: 0.999, or, where it ascends, 0.99 at first. */
  readonly targetMomentum?: number;
  /** Name in the run's record. Default `densecl`. */
  readonly name?: string;
}

type DenseCLState = MomentumState<ImageAndDenseQueues>;

/**
 * DenseCL: MoCo v2 with a dense loss beside the image loss, L = (1 − λ) L_image,1 + λ L_dense,1. Each cell of the
 * first view is pulled to the most similar cell of the second one, by backbone features, and pushed from a queue of
 * mean dense projections. As published, heads have no batch normalization, there is no predictor, and the target
 * moves before it encodes; options lead from there to PixCon-Sim (the PixCon paper's Table 4).
 *
 * Of the warm-up that sets λ to 0 for the first 1000 steps, which the authors' code has and their COCO recipe
 * leaves off, there is none.
 *
 * @throws PixconError `invalid-argument` for an option out of range, and from `initialize` for splits that do not
 * divide the batch
 * @see Wang et al. 2021, arXiv:2011.09157; `openselfsup/models/densecl.py`
 * @example
 * const published = denseCL({ backbone: resnet50() });
 * const synchronised = denseCL({ backbone: resnet50(), ...denseCLLadder['sync-bn'].options });
 */
export function denseCL(options: DenseCLOptions): Method {
  const {
    backbone,
    matching = similarityMatching(),
    queueLength = 'auto',
    temperature = 0.2,
    denseWeight = 0.5,
    hidden = 2048,
    dim = 128,
    splits = 8,
    headNormalization = false,
    predictors = false,
    ascendingMomentum = false,
    symmetric = false,
    targetMomentum = ascendingMomentum ? 0.99 : 0.999,
    name = 'densecl',
  } = options;
  assertNumber('denseCL', 'temperature', temperature, { minimum: 0, exclusiveMinimum: true });
  assertNumber('denseCL', 'denseWeight', denseWeight, { minimum: 0, maximum: 1 });
  assertNumber('denseCL', 'targetMomentum', targetMomentum, { minimum: 0, maximum: 1 });
  assertNumber('denseCL', 'splits', splits, { minimum: 1, integer: true });

  const head = {
    inputChannels: backbone.channels,
    hidden,
    output: dim,
    normalization: headNormalization,
  };
  const predicted = predictors ? { predictor: predictor({ dim, hidden }) } : {};
  const contrast = {
    backbone,
    image: { head: projectionHead(head), ...predicted },
    dense: { head: denseHead(head), ...predicted, matching },
    temperature,
    denseWeight,
  };
  const mode = { training: true, splits };
  const chanceTerms = ({ queues }: MethodState) =>
    imageAndDenseChance(denseWeight, queues as ImageAndDenseQueues, symmetric ? 2 : 1);

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
      splits,
      headNormalization,
      predictors,
      ascendingMomentum,
      symmetric,
    },
    backbone,
    backbonePrefix: 'backbone',
    targetMomentum,
    targetMomentumSchedule: ascendingMomentum ? 'cosine' : 'constant',
    matching,
    withoutGradient: withoutWeight(denseWeight),

    initialize({ random, ...sizes }): DenseCLState {
      assertSplits('denseCL', splits, sizes);
      const length = resolveQueueLength('denseCL', queueLength, sizes);
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

    prepare(state, { targetMomentum }) {
      if (!ascendingMomentum) moveTarget(state as DenseCLState, targetMomentum);
    },

    encodeTargets(state, { views }, { random }) {
      const { target } = state as DenseCLState;
      const keys = (side: 0 | 1) => {
        const shuffle = { splits, random: random.fork('shuffle', side) };
        return nameKeys(
          encodeShuffled(views[side].images, shuffle, (images) =>
            imageAndDenseKeys(contrast, target, images, mode),
          ),
          side,
        );
      };
      return symmetric ? { ...keys(0), ...keys(1) } : keys(1);
    },

    losses(state, { views }, targets, { inspect }) {
      const part = (side: 0 | 1) => () =>
        imageAndDenseLosses(contrast, state as DenseCLState, views, targets, side, { mode, inspect });
      return symmetric ? [part(0), part(1)] : [part(0)];
    },

    update(state, targets, { targetMomentum, random }) {
      const { queues } = state as DenseCLState;
      if (ascendingMomentum) moveTarget(state as DenseCLState, targetMomentum);
      const side = symmetric && random.uniform() < 0.5 ? 0 : 1;
      queues.image.enqueue(targets[`image${side}`] as tf.Tensor2D);
      queues.dense.enqueue(targets[`pooled${side}`] as tf.Tensor2D);
    },
  };
}
