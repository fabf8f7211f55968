import {
  assertNumber,
  type Backbone,
  featureMap,
  type Losses,
  type Method,
  ParameterSet,
  prefixSpecs,
  scoped,
} from '@pixcon/core';
import { predictor, projectionHead } from '@pixcon/heads';
import { cosineRegression, featureDeviation } from '@pixcon/losses';
import type * as tf from '@tensorflow/tfjs-core';
import { imageKeys, imageQuery, imageSpecs } from './image-contrast.ts';
import { type MomentumState, momentumState, moveTarget } from './momentum-state.ts';

export interface BYOLOptions {
  readonly backbone: Backbone;
  /** Hidden width of head and predictor. Default 4096. */
  readonly hidden?: number;
  /** Width of the projection. Default 256. */
  readonly dim?: number;
  /** First momentum of the target encoder. Default 0.99, for 100 to 300 epochs; the authors take 0.996 for 1000. */
  readonly targetMomentum?: number;
}

type BYOLState = MomentumState<Readonly<Record<string, never>>>;

/**
 * BYOL: each view's online prediction is regressed on the target projection of the other view, without negatives:
 *
 *     L = L_1 + L_2,   L_i = 2 − 2 cos(prediction of view i, target projection of the other view)
 *
 * from 8 down to 0. After the optimizer's step the target moves, by a momentum that rises to 1 along a cosine. The
 * last layers of head and predictor have no bias, as in the authors' code.
 *
 * @throws PixconError `invalid-argument` for an option out of range
 * @see Grill et al. 2020, arXiv:2006.07733, equations 2 and 3; `byol.py` of mmselfsup, which leaves out the constant
 * 4 of L
 * @example
 * const method = byol({ backbone: resnet18() });
 */
export function byol(options: BYOLOptions): Method {
  const { backbone, hidden = 4096, dim = 256, targetMomentum = 0.99 } = options;
  assertNumber('byol', 'targetMomentum', targetMomentum, { minimum: 0, maximum: 1 });

  const inputChannels = backbone.channels;
  const branch = {
    head: projectionHead({ inputChannels, hidden, output: dim, outputBias: false }),
    predictor: predictor({ dim, hidden, outputBias: false }),
  };
  const specs = [...prefixSpecs('backbone', backbone.parameters), ...imageSpecs(branch)];
  const training = { training: true };

  return {
    name: 'byol',
    settings: { backbone: backbone.name, hidden, dim, targetMomentum },
    backbone,
    backbonePrefix: 'backbone',
    targetMomentum,

    initialize({ random }): BYOLState {
      return momentumState(ParameterSet.create(specs, random.fork('parameters')), {});
    },

    encodeTargets(state, { views }) {
      const { target } = state as BYOLState;
      const keys = views.map(({ images }) => {
        const features = featureMap(backbone, scoped(target, 'backbone'), images, training);
        return imageKeys(branch, target, features, training);
      });
      return { image0: keys[0] as tf.Tensor2D, image1: keys[1] as tf.Tensor2D };
    },

    losses({ online }, { views }, targets) {
      const part = (side: 0 | 1): Losses => {
        const features = featureMap(backbone, scoped(online, 'backbone'), views[side].images, training);
        const prediction = imageQuery(branch, online, features, training);
        const keys = targets[`image${1 - side}`] as tf.Tensor2D;
        const total = cosineRegression(prediction, keys);
        return { total, terms: { image: total }, diagnostics: { featureDeviation: featureDeviation(keys) } };
      };
      return [() => part(0), () => part(1)];
    },

    update(state, _targets, { targetMomentum }) {
      moveTarget(state as BYOLState, targetMomentum);
    },
  };
}
