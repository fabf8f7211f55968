import { type Augmentation, byolAugmentation } from '@pixcon/augment';
import { assertNumber, type Optimizer, PixconError } from '@pixcon/core';
import { sgd } from '@pixcon/optimizers';
import type { PretrainEvent } from './events.ts';

export interface PretrainOptions {
  /** Passes over the data set. */
  readonly epochs: number;
  /** Images per step; each gives two views. Default 32. */
  readonly batchSize?: number;
  /**
   * Parts that a batch is computed in, one after another, before its one update: less memory, the same schedule.
   * Each part has batch statistics of its own. Divides the batch into parts of at least 2 images. Default 1.
   */
  readonly accumulate?: number;
  /** Side of the square views in pixels. Default 224. */
  readonly imageSize?: number;
  /** Run folder, for one run at a time. Without one nothing is written, and a stopped run is lost. */
  readonly out?: string;
  /** Goes on from the run folder's checkpoint; starts from the beginning where there is none. Default false. */
  readonly resume?: boolean;
  /** Every random draw follows from it. Default 0. */
  readonly seed?: number;
  /** Default `byolAugmentation()`. */
  readonly augmentation?: Augmentation;
  /** Default `sgd()`: momentum 0.9, weight decay 1e-4. It is disposed at the end. */
  readonly optimizer?: Optimizer;
  /** Peak learning rate. Default 0.4 · batchSize / 512. */
  readonly learningRate?: number;
  /** Epochs of linear warm-up from 1e-4 of the peak. Default 4, but at most a tenth of the run. */
  readonly warmupEpochs?: number;
  /** Steps between fetching and logging the losses. Default 10. */
  readonly logEverySteps?: number;
  /** Steps between checkpoints; there is one at the end as well. Default: an epoch's, at least 50 and at most 500. */
  readonly checkpointEverySteps?: number;
  /** `report.html` and the pictures it shows, in `out`. Default true. */
  readonly report?: boolean;
  /** Photos whose matches, weights and attention the report shows as they change. Default 4. */
  readonly pictures?: number;
  /** Event files for TensorBoard, in `out`. Default true. */
  readonly tensorboard?: boolean;
  /** Stops after the step at hand, saves, and throws `interrupted`. */
  readonly signal?: AbortSignal;
  /** Hears what happens: progress, notices, warnings. */
  readonly onEvent?: (event: PretrainEvent) => void;
  /** Written to `config.json` as JSON, in place of the options that can be told from here. */
  readonly config?: object;
}

/** Options with every default in its place, checked. */
export interface ResolvedPretrainOptions {
  readonly epochs: number;
  readonly batchSize: number;
  readonly accumulate: number;
  readonly imageSize: number;
  readonly out: string | undefined;
  readonly resume: boolean;
  readonly seed: number;
  readonly augmentation: Augmentation;
  readonly optimizer: Optimizer;
  readonly learningRate: number;
  readonly warmupEpochs: number;
  readonly logEverySteps: number;
  readonly checkpointEverySteps: number | undefined;
  readonly report: boolean;
  readonly pictures: number;
  readonly tensorboard: boolean;
}

/** @throws PixconError `invalid-argument` for a value out of range */
export function resolvePretrainOptions(options: PretrainOptions): ResolvedPretrainOptions {
  const {
    epochs,
    batchSize = 32,
    accumulate = 1,
    imageSize = 224,
    out,
    resume = false,
    seed = 0,
    augmentation = byolAugmentation(),
    learningRate = (0.4 * batchSize) / 512,
    warmupEpochs = Math.min(4, epochs / 10),
    logEverySteps = 10,
    checkpointEverySteps,
    report = true,
    pictures = 4,
    tensorboard = true,
  } = options;
  const whole = { minimum: 1, integer: true };
  assertNumber('pretrain', 'epochs', epochs, whole);
  // A single row has no variance: batch normalization of the heads needs two.
  assertNumber('pretrain', 'batchSize', batchSize, { minimum: 2, integer: true });
  assertNumber('pretrain', 'accumulate', accumulate, whole);
  if (batchSize % accumulate !== 0 || batchSize / accumulate < 2) {
    throw new PixconError(
      'invalid-argument',
      `pretrain: accumulate must divide the batch of ${batchSize} into parts of at least 2 images, got ${accumulate}`,
    );
  }
  assertNumber('pretrain', 'imageSize', imageSize, { minimum: 16, integer: true });
  assertNumber('pretrain', 'seed', seed, { minimum: 0, maximum: 0xffff_ffff, integer: true });
  assertNumber('pretrain', 'learningRate', learningRate, { minimum: 0 });
  assertNumber('pretrain', 'warmupEpochs', warmupEpochs, { minimum: 0, maximum: epochs });
  assertNumber('pretrain', 'logEverySteps', logEverySteps, whole);
  assertNumber('pretrain', 'pictures', pictures, { minimum: 0, integer: true });
  if (checkpointEverySteps !== undefined) {
    assertNumber('pretrain', 'checkpointEverySteps', checkpointEverySteps, whole);
  }
  return {
    epochs,
    batchSize,
    accumulate,
    imageSize,
    out,
    resume,
    seed,
    augmentation,
    optimizer: options.optimizer ?? sgd(),
    learningRate,
    warmupEpochs,
    logEverySteps,
    checkpointEverySteps,
    report,
    pictures,
    tensorboard,
  };
}
