import {
  type Backbone,
  featureMap,
  type KeyQueue,
  type Losses,
  type Mode,
  type ParameterSet,
  type ParameterSpec,
  type Parameters,
  prefixSpecs,
  type StepContext,
  scoped,
  type Targets,
  type View,
} from '@pixcon/core';
import { chanceLevel, featureDeviation } from '@pixcon/losses';
import * as tf from '@tensorflow/tfjs-core';
import { type DenseBranch, type DenseKeys, denseKeys, denseLoss } from './dense-contrast.ts';
import { type ImageBranch, imageKeys, imageLoss } from './image-contrast.ts';
import { weightedSum } from './weighted-sum.ts';

/** What contrast of images and of cells on one backbone consists of: DenseCL and PixCon. */
export interface ImageAndDenseContrast {
  readonly backbone: Backbone;
  readonly image: ImageBranch;
  readonly dense: DenseBranch;
  readonly temperature: number;
  /** λ: share of the dense loss; the image loss has 1 − λ. */
  readonly denseWeight: number;
}

export interface ImageAndDenseQueues extends Readonly<Record<string, KeyQueue>> {
  readonly image: KeyQueue;
  readonly dense: KeyQueue;
}

/** The chance level of both terms, of so many directions. */
export function imageAndDenseChance(
  denseWeight: number,
  { image, dense }: ImageAndDenseQueues,
  directions: number,
): { readonly image: number; readonly dense: number } {
  return {
    image: directions * (1 - denseWeight) * chanceLevel(image.length),
    dense: directions * denseWeight * chanceLevel(dense.length),
  };
}

/** All parameters, as the state names them. */
export function imageAndDenseSpecs({ backbone, image, dense }: ImageAndDenseContrast): ParameterSpec[] {
  return [
    ...prefixSpecs('backbone', backbone.parameters),
    ...prefixSpecs('globalHead', image.head.parameters),
    ...prefixSpecs('denseHead', dense.head.parameters),
    ...prefixSpecs('globalPredictor', image.predictor?.parameters ?? []),
    ...prefixSpecs('densePredictor', dense.predictor?.parameters ?? []),
  ];
}

/** Prefixes of the parameters whose loss has no weight at λ = `denseWeight`. */
export function withoutWeight(denseWeight: number): readonly string[] {
  if (denseWeight === 0) return ['denseHead.', 'densePredictor.'];
  return denseWeight === 1 ? ['globalHead.', 'globalPredictor.'] : [];
}

/** The target encoder's tensors of one view, `[batch, …]` each. */
export interface ImageAndDenseKeys extends DenseKeys {
  readonly image: tf.Tensor2D;
}

export function imageAndDenseKeys(
  { backbone, image, dense }: ImageAndDenseContrast,
  target: Parameters,
  images: tf.Tensor4D,
  mode: Mode,
): ImageAndDenseKeys {
  const features = featureMap(backbone, scoped(target, 'backbone'), images, mode);
  return { image: imageKeys(image, target, features, mode), ...denseKeys(dense, target, features, mode) };
}

/** The keys of view `side` as targets, under names that end in it. */
export function nameKeys(keys: ImageAndDenseKeys, side: number): Targets {
  return Object.fromEntries(Object.entries(keys).map(([name, tensor]) => [`${name}${side}`, tensor]));
}

function keysOf(targets: Targets, side: number): ImageAndDenseKeys {
  return {
    image: targets[`image${side}`] as tf.Tensor2D,
    features: targets[`features${side}`] as tf.Tensor3D,
    cells: targets[`cells${side}`] as tf.Tensor3D,
    pooled: targets[`pooled${side}`] as tf.Tensor2D,
  };
}

/** (1 − λ) L_image + λ L_dense with view `side` as the query and the other view as the key. */
export function imageAndDenseLosses(
  contrast: ImageAndDenseContrast,
  { online, queues }: { readonly online: ParameterSet; readonly queues: ImageAndDenseQueues },
  views: readonly [View, View],
  targets: Targets,
  side: 0 | 1,
  options: { readonly mode: Mode; readonly inspect: StepContext['inspect'] },
): Losses {
  const { backbone, image, dense, temperature, denseWeight } = contrast;
  const { mode } = options;
  const other = side === 0 ? 1 : 0;
  const features = featureMap(backbone, scoped(online, 'backbone'), views[side].images, mode);
  const keys = keysOf(targets, other);
  const ofImages = imageLoss(image, online, features, keys.image, queues.image, temperature, mode);
  const geometry = { query: views[side].geometry, key: views[other].geometry };
  const ofCells = denseLoss(dense, online, features, keys, queues.dense, temperature, geometry, options);
  const terms = {
    image: weightedSum([ofImages], 1 - denseWeight),
    dense: weightedSum([ofCells.loss], denseWeight),
  };
  return {
    total: weightedSum(Object.values(terms)),
    terms,
    diagnostics: {
      featureDeviation: featureDeviation(keys.image),
      matchWeight: tf.mean(ofCells.weight) as tf.Scalar,
    },
  };
}
