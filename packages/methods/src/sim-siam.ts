import {
  type Backbone,
  featureMap,
  type Losses,
  type Method,
  ParameterSet,
  prefixSpecs,
  scoped,
  type View,
} from '@pixcon/core';
import { projectionHead, simSiamProjector } from '@pixcon/heads';
import { featureDeviation, negativeCosine } from '@pixcon/losses';
import { globalAveragePool, stopGradient } from '@pixcon/ops';
import { weightedSum } from './weighted-sum.ts';

export interface SimSiamOptions {
  readonly backbone: Backbone;
  /** Width of the projector's two hidden layers. Default 2048. */
  readonly hidden?: number;
  /** Width of the projection. Default 2048 (`--dim`). */
  readonly dim?: number;
  /** Hidden width of the predictor, a bottleneck. Default 512 (`--pred-dim`). */
  readonly predictorHidden?: number;
  /** The predictor's learning rate stays at the base rate while the others' falls. Default true (`--fix-pred-lr`). */
  readonly fixPredictorLearningRate?: boolean;
}

/**
 * SimSiam: each view's prediction is pulled to the projection of the other view, whose gradient is stopped, without
 * negatives and without a target encoder:
 *
 *     L = −½ cos(p₁, stop(z₂)) − ½ cos(p₂, stop(z₁))
 *
 * from 1 down to −1. Both views pass the online encoder, each with batch statistics of its own, and either
 * prediction needs the other's projection: the loss is one part, which holds the activations of both.
 * `featureDeviation` of the projections tells a collapse from success, which the loss does not.
 *
 * @throws PixconError `invalid-argument` for an option out of range
 * @see Chen and He 2021, arXiv:2011.10566; `simsiam/builder.py`
 * @example
 * const method = simSiam({ backbone: resnet18() });
 */
export function simSiam(options: SimSiamOptions): Method {
  const {
    backbone,
    hidden = 2048,
    dim = 2048,
    predictorHidden = 512,
    fixPredictorLearningRate = true,
  } = options;
  const head = simSiamProjector({ inputChannels: backbone.channels, hidden, output: dim });
  const predictor = projectionHead({
    inputChannels: dim,
    hidden: predictorHidden,
    output: dim,
    hiddenBias: false,
  });
  const specs = [
    ...prefixSpecs('backbone', backbone.parameters),
    ...prefixSpecs('globalHead', head.parameters),
    ...prefixSpecs('globalPredictor', predictor.parameters),
  ];
  const training = { training: true };

  return {
    name: 'simsiam',
    settings: { backbone: backbone.name, hidden, dim, predictorHidden, fixPredictorLearningRate },
    backbone,
    backbonePrefix: 'backbone',
    fixedLearningRate: fixPredictorLearningRate ? ['globalPredictor.'] : [],

    initialize({ random }) {
      const online = ParameterSet.create(specs, random.fork('parameters'));
      return { online, queues: {}, dispose: () => online.dispose() };
    },

    encodeTargets: () => ({}),

    losses({ online }, { views }) {
      const project = ({ images }: View) => {
        const features = featureMap(backbone, scoped(online, 'backbone'), images, training);
        return head.apply(scoped(online, 'globalHead'), globalAveragePool(features), training);
      };
      const part = (): Losses => {
        const [z0, z1] = [project(views[0]), project(views[1])];
        const [p0, p1] = [z0, z1].map((z) => predictor.apply(scoped(online, 'globalPredictor'), z, training));
        const total = weightedSum(
          [
            negativeCosine(p0 as typeof z0, stopGradient(z1)),
            negativeCosine(p1 as typeof z1, stopGradient(z0)),
          ],
          0.5,
        );
        const spread = weightedSum([featureDeviation(z0), featureDeviation(z1)], 0.5);
        return { total, terms: { image: total }, diagnostics: { featureDeviation: spread } };
      };
      return [part];
    },

    update: () => undefined,
  };
}
