import { recommendedQueueLength } from '@pixcon/queues';
import type { PretrainOptions } from '@pixcon/trainer';
import { buildAugmentation } from './augmentation-config.ts';
import { buildOptimizer } from './build-method.ts';
import type { RunConfig } from './run-config.ts';

/** What a configuration says to `pretrain` for a data set of so many images. */
export function pretrainOptions(config: RunConfig, datasetSize: number): PretrainOptions {
  const { batchSize, checkpointEverySteps } = config;
  const queueLength =
    config.queueLength === 'auto' ? recommendedQueueLength(datasetSize, batchSize) : config.queueLength;
  return {
    epochs: config.epochs,
    batchSize,
    accumulate: config.accumulate,
    imageSize: config.imageSize,
    seed: config.seed,
    augmentation: buildAugmentation(config.augmentation, config.reference),
    optimizer: buildOptimizer(config),
    learningRate: config.learningRate,
    warmupEpochs: config.warmupEpochs,
    logEverySteps: config.logEverySteps,
    ...(checkpointEverySteps === 'auto' ? {} : { checkpointEverySteps }),
    report: config.report,
    pictures: config.pictures,
    tensorboard: config.tensorboard,
    // With the length as a number: whoever opens the run needs no data set to size its queues.
    config: { ...config, queueLength },
  };
}
