import {
  featureMap,
  type KeyQueue,
  type Losses,
  type Method,
  matchCells,
  ParameterSet,
  type ParameterSpec,
  prefixSpecs,
  scoped,
} from '@pixcon/core';
import {
  denseHead,
  type Grouping,
  groupingHead,
  predictor,
  projectionHead,
  semanticGrouping,
  slotPredictor,
} from '@pixcon/heads';
import { chanceLevel, featureDeviation } from '@pixcon/losses';
import { coordinateMatching } from '@pixcon/matching';
import { exponentialMovingAverage, globalAveragePool, stopGradient } from '@pixcon/ops';
import { keyQueue } from '@pixcon/queues';
import * as tf from '@tensorflow/tfjs-core';
import { type DenseKeys, denseKeys, denseLoss, toCells } from './dense-contrast.ts';
import { imageKeys, imageLoss } from './image-contrast.ts';
import { isNoPredictor, type MomentumState, momentumState, moveTarget } from './momentum-state.ts';
import { resolveQueueLength } from './queue-length.ts';
import { alignedGroupingLoss, matchedGroupingLoss, slotLoss } from './slot-contrast.ts';
import { resolveSlotConOptions, type SlotConOptions, slotConSettings } from './slotcon-options.ts';
import { weightedSum } from './weighted-sum.ts';

type SlotConState = MomentumState<Readonly<Record<string, KeyQueue>>>;

/** The centre of the teacher's scores: a buffer of the online set, where checkpoints find it. */
const centre = 'centre';

/**
 * SlotCon: learnable prototypes group the cells of each view into slots. Groupings of the same place agree between
 * the views (a distillation, centred as in DINO), and the slots of prototypes that are active in both views are told
 * from the batch's other slots:
 *
 *     L = w (G_1 + G_2) + (1 − w)(S_1 + S_2)  [ + imageWeight (I_1 + I_2) + pixelWeight (P_1 + P_2) ]
 *
 * with w = `groupWeight`. The two directions are summed. The target moves before it encodes; after the step the centre
 * moves to the mean of the teacher's scores.
 *
 * The paper's mixes are option sets: `pixelWeight: 0.5` (SlotCon+Pix.), `inverseAugmentation: false, matching:
 * similarityMatching()` (SlotCon−Coord.+Sim.), with `imageWeight: 0.5` (…+Img.), `matching: similarityMatching()` alone
 * (SlotCon+Sim.), `matching: semanticReweighting(similarityMatching())` (…+SR). The paper gives no weights for them;
 * 0.5 is what both losses have in PixCon, and groupings by coordinates and by similarity are added up.
 *
 * @throws PixconError `invalid-argument` for an option out of range, or without any grouping loss
 * @see Wen et al. 2022, arXiv:2205.15288; the authors' `models/slotcon.py`; the PixCon paper, tables 5 and 6
 * @example
 * const method = slotcon({ backbone: resnet50() });
 * const withPixels = slotcon({ backbone: resnet50(), pixelWeight: 0.5, name: 'slotcon+pix' });
 */
export function slotcon(options: SlotConOptions): Method {
  const resolved = resolveSlotConOptions(options);
  const {
    backbone,
    prototypes,
    studentTemperature,
    teacherTemperature,
    centreMomentum,
    groupWeight,
    temperature,
    inverseAugmentation,
    matching,
    imageWeight,
    pixelWeight,
    pixelMatching,
    queueLength,
    hidden,
    dim,
    contrastHidden,
    contrastDim,
    targetMomentum,
    name,
  } = resolved;
  const inputChannels = backbone.channels;
  const head = groupingHead({ inputChannels, hidden, output: dim });
  const grouping = semanticGrouping({ prototypes, dim, temperature: teacherTemperature });
  const slots = slotPredictor({ dim, hidden });
  const contrastHead = { inputChannels, hidden: contrastHidden, output: contrastDim };
  const contrastPredictor = predictor({ dim: contrastDim, hidden: contrastHidden });
  const image = imageWeight > 0 && { head: projectionHead(contrastHead), predictor: contrastPredictor };
  const pixel = pixelWeight > 0 && {
    head: denseHead(contrastHead),
    predictor: contrastPredictor,
    matching: pixelMatching,
  };
  const specs: ParameterSpec[] = [
    ...prefixSpecs('backbone', backbone.parameters),
    ...prefixSpecs('groupingHead', head.parameters),
    ...prefixSpecs('prototypes', grouping.parameters),
    ...prefixSpecs('slotPredictor', slots.parameters),
    ...(image ? prefixSpecs('globalHead', image.head.parameters) : []),
    ...(image ? prefixSpecs('globalPredictor', image.predictor.parameters) : []),
    ...(pixel ? prefixSpecs('denseHead', pixel.head.parameters) : []),
    ...(pixel ? prefixSpecs('densePredictor', pixel.predictor.parameters) : []),
    {
      name: centre,
      shape: [1, prototypes],
      layout: 'vector',
      role: 'buffer',
      initialize: () => 0,
    },
  ];
  const training = { training: true };

  return {
    name,
    settings: slotConSettings(resolved),
    backbone,
    backbonePrefix: 'backbone',
    targetMomentum,
    matching: matching ?? coordinateMatching(),

    initialize({ random, ...sizes }): SlotConState {
      const queue = (purpose: string) => {
        const length = resolveQueueLength('slotcon', queueLength, sizes);
        return keyQueue({ length, dim: contrastDim, random: random.fork(`${purpose} queue`) });
      };
      return momentumState(
        ParameterSet.create(specs, random.fork('parameters')),
        { ...(image ? { image: queue('image') } : {}), ...(pixel ? { dense: queue('dense') } : {}) },
        (name) => isNoPredictor(name) && name !== centre,
      );
    },

    // Of the queues' terms: how many slots a batch holds, and so the chance level of theirs, is not known.
    chanceTerms({ queues }) {
      return {
        ...(queues.image && { image: 2 * imageWeight * chanceLevel(queues.image.length) }),
        ...(queues.dense && { dense: 2 * pixelWeight * chanceLevel(queues.dense.length) }),
      };
    },

    prepare(state, { targetMomentum }) {
      moveTarget(state as SlotConState, targetMomentum);
    },

    encodeTargets(state, { views }) {
      const { target } = state as SlotConState;
      const targets: Record<string, tf.Tensor> = {};
      views.forEach(({ images }, side) => {
        const features = featureMap(backbone, scoped(target, 'backbone'), images, training);
        const cells = head.apply(scoped(target, 'groupingHead'), features, training);
        const { scores, slots } = grouping.apply(scoped(target, 'prototypes'), cells, training);
        targets[`scores${side}`] = scores;
        targets[`slots${side}`] = slots;
        targets[`projected${side}`] = globalAveragePool(cells);
        if (matching || pixel) targets[`features${side}`] = toCells(features);
        if (image) targets[`image${side}`] = imageKeys(image, target, features, training);
        if (pixel) {
          const keys = denseKeys(pixel, target, features, training);
          targets[`cells${side}`] = keys.cells;
          targets[`pooled${side}`] = keys.pooled;
        }
      });
      return targets;
    },

    losses({ online, queues }, { views }, targets, { inspect }) {
      const part = (side: 0 | 1): Losses => {
        const other = side === 0 ? 1 : 0;
        const features = featureMap(backbone, scoped(online, 'backbone'), views[side].images, training);
        const grid = { height: features.shape[1], width: features.shape[2] };
        const geometry = { query: views[side].geometry, key: views[other].geometry };
        const cells = head.apply(scoped(online, 'groupingHead'), features, training);
        const query = grouping.apply(scoped(online, 'prototypes'), cells, training);
        const key: Grouping = {
          scores: targets[`scores${other}`] as tf.Tensor3D,
          slots: targets[`slots${other}`] as tf.Tensor3D,
        };
        const distillation = {
          studentTemperature,
          teacherTemperature,
          centre: tf.reshape<tf.Rank.R1>(online.get(centre), [prototypes]),
        };
        const groupings: tf.Scalar[] = [];
        if (inverseAugmentation) {
          groupings.push(alignedGroupingLoss(query.scores, key.scores, grid, geometry, distillation));
        }
        const keyFeatures = targets[`features${other}`] as tf.Tensor3D;
        const diagnostics: Record<string, tf.Scalar> = {};
        if (matching) {
          const input = {
            query: stopGradient(toCells(features)),
            key: keyFeatures,
            grid,
            queryGeometry: geometry.query,
            keyGeometry: geometry.key,
          };
          const match = matchCells(matching, input, inspect);
          groupings.push(matchedGroupingLoss(query.scores, key.scores, match, distillation));
          diagnostics.matchWeight = tf.mean(match.weight);
        }
        const { loss, active } = slotLoss(slots, online, query, key, temperature);
        const terms: Record<string, tf.Scalar> = {
          group: weightedSum(groupings, groupWeight),
          slot: weightedSum([loss], 1 - groupWeight),
        };
        if (image) {
          const keys = targets[`image${other}`] as tf.Tensor2D;
          const queue = queues.image as KeyQueue;
          const ofImages = imageLoss(image, online, features, keys, queue, temperature);
          terms.image = weightedSum([ofImages], imageWeight);
        }
        if (pixel) {
          const keys: DenseKeys = {
            features: keyFeatures,
            cells: targets[`cells${other}`] as tf.Tensor3D,
            pooled: targets[`pooled${other}`] as tf.Tensor2D,
          };
          const queue = queues.dense as KeyQueue;
          const ofCells = denseLoss(pixel, online, features, keys, queue, temperature, geometry, { inspect });
          terms.dense = weightedSum([ofCells.loss], pixelWeight);
        }
        return {
          total: weightedSum(Object.values(terms)),
          terms,
          diagnostics: {
            ...diagnostics,
            featureDeviation: featureDeviation(targets[`projected${side}`] as tf.Tensor2D),
            activeSlots: active,
          },
        };
      };
      return [() => part(0), () => part(1)];
    },

    update({ online, queues }, targets, { random }) {
      const scores = tf.concat([targets.scores0 as tf.Tensor3D, targets.scores1 as tf.Tensor3D]);
      const mean = tf.reshape(tf.mean(scores, [0, 1]), [1, prototypes]);
      exponentialMovingAverage(online.get(centre), mean, centreMomentum);
      const side = random.uniform() < 0.5 ? 1 : 0;
      queues.image?.enqueue(targets[`image${side}`] as tf.Tensor2D);
      queues.dense?.enqueue(targets[`pooled${side}`] as tf.Tensor2D);
    },
  };
}
