import {
  assertNumber,
  type Backbone,
  featureMap,
  type Losses,
  type MatchInput,
  type MatchingStrategy,
  type Method,
  matchCells,
  ParameterSet,
  prefixSpecs,
  type StepContext,
  scoped,
} from '@pixcon/core';
import { denseHead, pixelPropagation } from '@pixcon/heads';
import { cosineRegression, featureDeviation, pixelConsistency } from '@pixcon/losses';
import { distanceMatching, distancePairs } from '@pixcon/matching';
import { globalAveragePool, l2Normalize, stopGradient } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';
import { toCells } from './dense-contrast.ts';
import { type MomentumState, momentumState, moveTarget } from './momentum-state.ts';
import { weightedSum } from './weighted-sum.ts';

export interface PixProOptions {
  readonly backbone: Backbone;
  /** Largest distance of a pair of cells, in diagonals of a cell; above 0. Default 0.7. */
  readonly radius?: number;
  /**
   * Pairs each query cell with the one key cell that it gives, weighted, instead of all key cells within `radius`.
   * Default: none.
   */
  readonly matching?: MatchingStrategy;
  /** γ of pixel propagation, above 0. Default 2. */
  readonly exponent?: number;
  /** Layers of pixel propagation's transformation. Default 1. */
  readonly transformLayers?: 0 | 1 | 2;
  /** α: weight of the image-level loss; at 0 it has no head. Not negative. Default 0. */
  readonly imageWeight?: number;
  /** Hidden width of the heads. Default 4096. */
  readonly hidden?: number;
  /** Width of the projections. Default 256. */
  readonly dim?: number;
  /** First momentum of the target encoder. Default 0.99. */
  readonly targetMomentum?: number;
  /** Name in the run's record. Default `pixpro`. */
  readonly name?: string;
}

type PixProState = MomentumState<Readonly<Record<string, never>>>;

/**
 * PixPro: cells of one view, smoothed over similar cells of their image by pixel propagation, agree with the other
 * view's cells at the same place of the image. No negatives:
 *
 *     L = L_1 + L_2 + α (I_1 + I_2),   L_i = −2 mean_b [ Σ A cos(y, x') / Σ A ]
 *
 * with A the pairs within `radius`. The image-level loss I = −2 cos(·, ·) is of the projected cells' mean; the paper's
 * table 5 and the authors' starred results switch it on. L starts near 0, falls, and rises again as the target settles.
 * The target moves before it encodes.
 *
 * @throws PixconError `invalid-argument` for an option out of range
 * @see Xie et al. 2021, arXiv:2011.10043; the authors' `contrast/models/PixPro.py`
 * @example
 * const method = pixpro({ backbone: resnet50() });
 * const withImages = pixpro({ backbone: resnet50(), imageWeight: 1 });
 */
export function pixpro(options: PixProOptions): Method {
  const {
    backbone,
    radius = 0.7,
    matching,
    exponent = 2,
    transformLayers = 1,
    imageWeight = 0,
    hidden = 4096,
    dim = 256,
    targetMomentum = 0.99,
    name = 'pixpro',
  } = options;
  assertNumber('pixpro', 'radius', radius, { minimum: 0, exclusiveMinimum: true });
  assertNumber('pixpro', 'imageWeight', imageWeight, { minimum: 0 });
  assertNumber('pixpro', 'targetMomentum', targetMomentum, { minimum: 0, maximum: 1 });

  const inputChannels = backbone.channels;
  const head = denseHead({ inputChannels, hidden, output: dim });
  const propagation = pixelPropagation({ dim, exponent, layers: transformLayers });
  // The authors project and predict every cell, and take the mean last.
  const image = imageWeight > 0 && {
    head: denseHead({ inputChannels, hidden, output: dim }),
    predictor: denseHead({ inputChannels: dim, hidden, output: dim }),
  };
  const specs = [
    ...prefixSpecs('backbone', backbone.parameters),
    ...prefixSpecs('pixelHead', head.parameters),
    ...prefixSpecs('pixelPredictor', propagation.parameters),
    ...(image ? prefixSpecs('globalHead', image.head.parameters) : []),
    ...(image ? prefixSpecs('globalPredictor', image.predictor.parameters) : []),
  ];
  const training = { training: true };

  return {
    name,
    settings: {
      backbone: backbone.name,
      radius,
      matching: matching ? { name: matching.name || 'custom', ...matching.settings } : null,
      exponent,
      transformLayers,
      imageWeight,
      hidden,
      dim,
      targetMomentum,
    },
    backbone,
    backbonePrefix: 'backbone',
    targetMomentum,
    matching: matching ?? distanceMatching({ radius }),

    initialize({ random }): PixProState {
      return momentumState(ParameterSet.create(specs, random.fork('parameters')), {});
    },

    prepare(state, { targetMomentum }) {
      moveTarget(state as PixProState, targetMomentum);
    },

    encodeTargets(state, { views }) {
      const { target } = state as PixProState;
      const targets: Record<string, tf.Tensor> = {};
      views.forEach(({ images }, side) => {
        const features = featureMap(backbone, scoped(target, 'backbone'), images, training);
        targets[`cells${side}`] = l2Normalize(head.apply(scoped(target, 'pixelHead'), features, training));
        if (matching) targets[`features${side}`] = toCells(features);
        if (image) {
          const projected = image.head.apply(scoped(target, 'globalHead'), features, training);
          targets[`image${side}`] = globalAveragePool(projected);
        }
      });
      return targets;
    },

    losses({ online }, { views }, targets, { inspect }) {
      const part = (side: 0 | 1): Losses => {
        const other = side === 0 ? 1 : 0;
        const features = featureMap(backbone, scoped(online, 'backbone'), views[side].images, training);
        const projected = head.apply(scoped(online, 'pixelHead'), features, training);
        const propagated = propagation.apply(scoped(online, 'pixelPredictor'), projected, training);
        const keys = targets[`cells${other}`] as tf.Tensor3D;
        const place = {
          grid: { height: features.shape[1], width: features.shape[2] },
          queryGeometry: views[side].geometry,
          keyGeometry: views[other].geometry,
        };
        const pairs = matching
          ? matchedPairs(
              matching,
              {
                ...place,
                query: stopGradient(toCells(features)),
                key: targets[`features${other}`] as tf.Tensor3D,
              },
              inspect,
            )
          : nearPairs(place, radius);
        const terms: Record<string, tf.Scalar> = { dense: pixelConsistency(propagated, keys, pairs) };
        if (image) {
          const cells = image.head.apply(scoped(online, 'globalHead'), features, training);
          const predicted = image.predictor.apply(scoped(online, 'globalPredictor'), cells, training);
          const regression = cosineRegression(
            globalAveragePool(predicted),
            targets[`image${other}`] as tf.Tensor2D,
          );
          // −2 cos: the authors leave the constant out.
          terms.image = tf.mul(tf.sub(regression, 2), imageWeight);
        }
        return {
          total: weightedSum(Object.values(terms)),
          terms,
          diagnostics: {
            featureDeviation: featureDeviation(globalAveragePool(keys)),
            pairsPerCell: tf.mul(tf.mean(pairs), pairs.shape[2]),
          },
        };
      };
      return [() => part(0), () => part(1)];
    },

    update() {
      // Nothing is left to do: the target has moved before it encoded, and there is no queue.
    },
  };
}

/** `[batch, cells, cells]`: 1 where two cells lie within `radius`. */
function nearPairs(
  { grid, queryGeometry, keyGeometry }: Omit<MatchInput, 'query' | 'key'>,
  radius: number,
): tf.Tensor3D {
  const cells = grid.height * grid.width;
  const pairs = distancePairs(queryGeometry, keyGeometry, grid, { radius });
  return tf.tensor3d(pairs, [queryGeometry.length, cells, cells]);
}

/** `[batch, cells, cells]`: the weight of each match at its place, 0 elsewhere. */
function matchedPairs(
  matching: MatchingStrategy,
  input: MatchInput,
  inspect: StepContext['inspect'],
): tf.Tensor3D {
  const { index, weight } = matchCells(matching, input, inspect);
  const [batch, cells] = weight.shape;
  const chosen = tf.cast(tf.oneHot(index, cells), 'float32');
  return tf.mul(chosen, tf.reshape(weight, [batch, cells, 1]));
}
