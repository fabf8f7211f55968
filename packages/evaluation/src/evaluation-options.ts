import type { Backbone, ImageDataset, Parameters } from '@pixcon/core';
import { PixconError } from '@pixcon/core';
import {
  type FeatureOptions,
  type ResolvedFeatureOptions,
  resolveFeatureOptions,
  tensorBatches,
} from './feature-maps.ts';
import { type FrozenNetwork, freezeNetwork, mixed, type StatisticsMode } from './frozen-network.ts';
import { type TrainValidationSplit, trainValidationSplit } from './split.ts';

/** What the protocols with a train and a validation side have in common. */
export interface EvaluationOptions extends FeatureOptions {
  /** Which images are learned from and which are scored. Default `trainValidationSplit(dataset)`. */
  readonly split?: Pick<TrainValidationSplit, 'train' | 'validation'>;
  /** What batch normalization uses; `estimated` takes the train images. Default `running`. */
  readonly statistics?: StatisticsMode;
}

/** @throws PixconError `invalid-argument` when an image is on both sides, `data` when a side is empty */
function assertSplit(
  where: string,
  dataset: Pick<ImageDataset, 'name'>,
  { train, validation }: Pick<TrainValidationSplit, 'train' | 'validation'>,
): void {
  if (train.length === 0 || validation.length === 0) {
    throw new PixconError(
      'data',
      `${where}: expected images to learn from and images to score, got ${train.length} and ${validation.length}`,
    );
  }
  const known = new Set(train);
  const shared = validation.find((index) => known.has(index));
  if (shared === undefined) return;
  throw new PixconError(
    'invalid-argument',
    `${where}: an image must be for train or for validation, got ${dataset.name(shared)} in both`,
  );
}

/** What a protocol works with once its options are checked. */
export interface FrozenEvaluation {
  readonly network: FrozenNetwork;
  readonly split: Pick<TrainValidationSplit, 'train' | 'validation'>;
  readonly resolved: ResolvedFeatureOptions;
  readonly statistics: StatisticsMode;
}

/**
 * Checks the options, freezes the network (with statistics of the train images, where they are asked for), and lets
 * it go after `score`.
 *
 * @throws PixconError `invalid-argument` for an option out of range or an image on both sides of the split, `data` for
 *   an empty side
 */
export async function onFrozenNetwork<T>(
  where: string,
  backbone: Backbone,
  parameters: Parameters,
  dataset: ImageDataset,
  options: EvaluationOptions,
  score: (evaluation: FrozenEvaluation) => Promise<T>,
): Promise<T> {
  const { split = trainValidationSplit(dataset), statistics = 'running', ...features } = options;
  const resolved = resolveFeatureOptions(where, backbone, features);
  assertSplit(where, dataset, split);
  const network = await freezeNetwork(where, backbone, parameters, statistics, () =>
    tensorBatches(dataset, mixed(split.train), resolved),
  );
  try {
    return await score({ network, split, resolved, statistics });
  } finally {
    network.dispose();
  }
}
