import {
  assertNumber,
  type Backbone,
  featureMap,
  type KeyQueue,
  type Method,
  ParameterSet,
  prefixSpecs,
  scoped,
} from '@pixcon/core';
import { projectionHead } from '@pixcon/heads';
import { chanceLevel, featureDeviation } from '@pixcon/losses';
import { keyQueue } from '@pixcon/queues';
import type * as tf from '@tensorflow/tfjs-core';
import { imageKeys, imageLoss, imageSpecs } from './image-contrast.ts';
import { type MomentumState, momentumState, moveTarget } from './momentum-state.ts';
import { type QueueLength, resolveQueueLength } from './queue-length.ts';
import { assertSplits, encodeShuffled } from './shuffled.ts';

export interface MoCoV2Options {
  readonly backbone: Backbone;
  /** Keys in the queue. Default `'auto'`: 65,536 (`--moco-k`), fewer for a small data set. */
  readonly queueLength?: QueueLength;
  /** τ. Default 0.2 (`--moco-t 0.2` of v2). */
  readonly temperature?: number;
  /** Hidden width of the head, which has no batch normalization. Default 2048 (`--mlp`: the backbone's width). */
  readonly hidden?: number;
  /** Width of the projection. Default 128 (`--moco-dim`). */
  readonly dim?: number;
  /** Momentum of the target encoder, the same at every step. Default 0.999 (`--moco-m`). */
  readonly targetMomentum?: number;
  /**
   * Runs of images with batch statistics of their own, as on that many devices; target images are shuffled between
   * them. Divides the batch. Default 8, the authors' GPUs; 1 takes the statistics of the whole batch.
   */
  readonly splits?: number;
}

type MoCoV2State = MomentumState<{ readonly image: KeyQueue }>;

/**
 * MoCo v2: the first view is the query, the second the key, L = L_image,1, with a head without batch normalization
 * and no predictor. The target moves before it encodes, by a constant momentum. ShuffleBN is emulated on one device
 * by split batch statistics and a shuffle of the target's images.
 *
 * @throws PixconError `invalid-argument` for an option out of range, and from `initialize` for splits that do not
 * divide the batch
 * @see Chen et al. 2020, arXiv:2003.04297; He et al. 2020, arXiv:1911.05722; `moco/builder.py`, whose notebook for
 * one GPU splits the batch the same way
 * @example
 * const method = mocoV2({ backbone: resnet18(), queueLength: 4096 });
 */
export function mocoV2(options: MoCoV2Options): Method {
  const {
    backbone,
    queueLength = 'auto',
    temperature = 0.2,
    hidden = 2048,
    dim = 128,
    targetMomentum = 0.999,
    splits = 8,
  } = options;
  assertNumber('mocoV2', 'temperature', temperature, { minimum: 0, exclusiveMinimum: true });
  assertNumber('mocoV2', 'targetMomentum', targetMomentum, { minimum: 0, maximum: 1 });
  assertNumber('mocoV2', 'splits', splits, { minimum: 1, integer: true });

  const branch = {
    head: projectionHead({ inputChannels: backbone.channels, hidden, output: dim, normalization: false }),
  };
  const specs = [...prefixSpecs('backbone', backbone.parameters), ...imageSpecs(branch)];
  const mode = { training: true, splits };

  return {
    name: 'moco-v2',
    settings: { backbone: backbone.name, queueLength, temperature, hidden, dim, targetMomentum, splits },
    backbone,
    backbonePrefix: 'backbone',
    targetMomentum,
    targetMomentumSchedule: 'constant',

    initialize({ random, ...sizes }): MoCoV2State {
      assertSplits('mocoV2', splits, sizes);
      const length = resolveQueueLength('mocoV2', queueLength, sizes);
      return momentumState(ParameterSet.create(specs, random.fork('parameters')), {
        image: keyQueue({ length, dim, random: random.fork('image queue') }),
      });
    },

    chanceLoss: ({ queues }) => chanceLevel((queues as MoCoV2State['queues']).image.length),

    prepare(state, { targetMomentum }) {
      moveTarget(state as MoCoV2State, targetMomentum);
    },

    encodeTargets(state, { views }, { random }) {
      const { target } = state as MoCoV2State;
      return encodeShuffled(views[1].images, { splits, random: random.fork('shuffle') }, (images) => {
        const features = featureMap(backbone, scoped(target, 'backbone'), images, mode);
        return { image1: imageKeys(branch, target, features, mode) };
      });
    },

    losses(state, { views }, targets) {
      const { online, queues } = state as MoCoV2State;
      const part = () => {
        const features = featureMap(backbone, scoped(online, 'backbone'), views[0].images, mode);
        const keys = targets.image1 as tf.Tensor2D;
        const total = imageLoss(branch, online, features, keys, queues.image, temperature, mode);
        return { total, terms: { image: total }, diagnostics: { featureDeviation: featureDeviation(keys) } };
      };
      return [part];
    },

    update(state, targets) {
      (state as MoCoV2State).queues.image.enqueue(targets.image1 as tf.Tensor2D);
    },
  };
}
