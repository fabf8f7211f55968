import {
  assertNumber,
  type Backbone,
  featureMap,
  type KeyQueue,
  type Losses,
  type Method,
  ParameterSet,
  prefixSpecs,
  scoped,
} from '@pixcon/core';
import { predictor, projectionHead } from '@pixcon/heads';
import { chanceLevel, featureDeviation } from '@pixcon/losses';
import { keyQueue } from '@pixcon/queues';
import type * as tf from '@tensorflow/tfjs-core';
import { imageKeys, imageLoss, imageSpecs } from './image-contrast.ts';
import { type MomentumState, momentumState, moveTarget } from './momentum-state.ts';
import { type QueueLength, resolveQueueLength } from './queue-length.ts';

export interface MoCoV2PlusOptions {
  readonly backbone: Backbone;
  /** Keys in the queue. Default `'auto'`: 65,536, fewer for a small data set. */
  readonly queueLength?: QueueLength;
  /** τ. Default 0.2. */
  readonly temperature?: number;
  /** Hidden width of head and predictor. Default 2048. */
  readonly hidden?: number;
  /** Width of the projection. Default 128. */
  readonly dim?: number;
  /** First momentum of the target encoder. Default 0.99. */
  readonly targetMomentum?: number;
}

type MoCoState = MomentumState<{ readonly image: KeyQueue }>;

/**
 * MoCo-v2+: MoCo v2 with a symmetric loss, batch statistics over the whole batch, a predictor, and a target
 * momentum that rises along a cosine. L = L_image,1 + L_image,2.
 *
 * @throws PixconError `invalid-argument` for an option out of range
 * @see the PixCon paper, section 5.1, and the authors' `mocov2_plus.py`
 * @example
 * const method = mocoV2Plus({ backbone: resnet18(), queueLength: 4096 });
 */
export function mocoV2Plus(options: MoCoV2PlusOptions): Method {
  const {
    backbone,
    queueLength = 'auto',
    temperature = 0.2,
    hidden = 2048,
    dim = 128,
    targetMomentum = 0.99,
  } = options;
  assertNumber('mocoV2Plus', 'temperature', temperature, { minimum: 0, exclusiveMinimum: true });
  assertNumber('mocoV2Plus', 'targetMomentum', targetMomentum, { minimum: 0, maximum: 1 });

  const branch = {
    head: projectionHead({ inputChannels: backbone.channels, hidden, output: dim }),
    predictor: predictor({ dim, hidden }),
  };
  const specs = [...prefixSpecs('backbone', backbone.parameters), ...imageSpecs(branch)];
  const training = { training: true };

  return {
    name: 'moco-v2-plus',
    settings: { backbone: backbone.name, queueLength, temperature, hidden, dim, targetMomentum },
    backbone,
    backbonePrefix: 'backbone',
    targetMomentum,

    initialize({ random, ...sizes }): MoCoState {
      const length = resolveQueueLength('mocoV2Plus', queueLength, sizes);
      return momentumState(ParameterSet.create(specs, random.fork('parameters')), {
        image: keyQueue({ length, dim, random: random.fork('image queue') }),
      });
    },

    chanceLoss: ({ queues }) => 2 * chanceLevel((queues as MoCoState['queues']).image.length),

    encodeTargets(state, { views }) {
      const { target } = state as MoCoState;
      const keys = views.map((view) => {
        const features = featureMap(backbone, scoped(target, 'backbone'), view.images, training);
        return imageKeys(branch, target, features, training);
      });
      return { image0: keys[0] as tf.Tensor2D, image1: keys[1] as tf.Tensor2D };
    },

    losses(state, { views }, targets) {
      const { online, queues } = state as MoCoState;
      const part = (side: 0 | 1): Losses => {
        const features = featureMap(backbone, scoped(online, 'backbone'), views[side].images, training);
        const keys = targets[`image${1 - side}`] as tf.Tensor2D;
        const total = imageLoss(branch, online, features, keys, queues.image, temperature);
        const diagnostics = { featureDeviation: featureDeviation(targets[`image${side}`] as tf.Tensor2D) };
        return { total, terms: { image: total }, diagnostics };
      };
      return [() => part(0), () => part(1)];
    },

    update(state, targets, { targetMomentum, random }) {
      const { queues } = state as MoCoState;
      moveTarget(state as MoCoState, targetMomentum);
      const side = random.uniform() < 0.5 ? 0 : 1;
      queues.image.enqueue(targets[`image${side}`] as tf.Tensor2D);
    },
  };
}
