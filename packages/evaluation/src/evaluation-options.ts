import type { Backbone, ImageDataset, Parameters } from '@pixcon/core';
import { PixconError } from '@pixcon/core';
import { type FeatureOptions, type ResolvedFeatureOptions, tensorBatches } from './feature-maps.ts';
import { type FrozenNetwork, freezeNetwork, mixed, type StatisticsMode } from './frozen-network.ts';
import type { TrainValidationSplit } from './split.ts';

/** What the protocols with a train and a validation side have in common. */
export interface EvaluationOptions extends FeatureOptions {
  /** Which images are learned from and which are scored. Default `trainValidationSplit(dataset)`. */
  readonly split?: Pick<TrainValidationSplit, 'train' | 'validation'>;
  /** What batch normalization uses; `estimated` takes the train images. Default `running`. */
  readonly statistics?: StatisticsMode;
}

/** @throws PixconError `invalid-argument` when an image is on both sides, `data` when a side is empty */
export function assertSplit(
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

/** The network with statistics of the train images. */
export async function freezeOnTrain(
  where: string,
  backbone: Backbone,
  parameters: Parameters,
  dataset: ImageDataset,
  train: readonly number[],
  statistics: StatisticsMode,
  options: ResolvedFeatureOptions,
): Promise<FrozenNetwork> {
  return await freezeNetwork(where, backbone, parameters, statistics, () =>
    tensorBatches(dataset, mixed(train), options),
  );
}
